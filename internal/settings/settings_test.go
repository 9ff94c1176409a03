package settings_test

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/settings"
)

// config has a field of every kind.
type config struct {
	text     string
	choice   string
	number   uint32
	time     time.Duration
	date     time.Time
	networks []netip.Prefix
	origins  []string
}

func (c *config) settings() []settings.Setting {
	short := func(s string) error {
		if len(s) > 5 {
			return errors.New("at most 5 letters")
		}
		return nil
	}
	return []settings.Setting{
		settings.Text("text", &c.text, "hello", "a `word`", short),
		settings.Choice("choice", &c.choice, "a `choice`", "one", "two", "three"),
		settings.Int("number", &c.number, 7, 2, 1000, "a `number`"),
		settings.Duration("time", &c.time, 14*settings.Day, time.Second, "a `time`"),
		settings.Date("date", &c.date, "a `date`").Without("never"),
		settings.Networks("networks", &c.networks, "`networks`").Without("none"),
		settings.Origins("origins", &c.origins, "`origins`").Without("none"),
	}
}

func find(t *testing.T, c *config, name string) settings.Setting {
	t.Helper()
	for _, s := range c.settings() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no setting %s", name)
	return settings.Setting{}
}

func TestSet(t *testing.T) {
	prefixes := func(texts ...string) (list []netip.Prefix) {
		for _, text := range texts {
			list = append(list, netip.MustParsePrefix(text))
		}
		return list
	}
	for _, c := range []struct {
		name, text string
		want       config
	}{
		{"text", "word", config{text: "word"}},
		{"choice", "Two", config{choice: "two"}},
		{"number", "2", config{number: 2}},
		{"number", "1000", config{number: 1000}},
		{"time", "1s", config{time: time.Second}},
		{"time", "90d", config{time: 90 * 24 * time.Hour}},
		{"time", "1h30m", config{time: 90 * time.Minute}},
		{"date", "2028-02-29", config{date: time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC)}},
		{"date", "", config{}},
		{"networks", "10.1.2.3/8", config{networks: prefixes("10.0.0.0/8")}},
		{"networks", "192.0.2.1, ::1", config{networks: prefixes("192.0.2.1/32", "::1/128")}},
		{"networks", "::ffff:192.0.2.1,::ffff:10.0.0.0/104", config{networks: prefixes("192.0.2.1/32", "10.0.0.0/8")}},
		{"networks", "::ffff:0:0/95", config{networks: prefixes("::fffe:0:0/95")}},
		{"networks", "", config{}},
		{"origins", "https://a.example, http://localhost:3000", config{origins: []string{"https://a.example", "http://localhost:3000"}}},
	} {
		var got config
		if err := find(t, &got, c.name).Set(c.text); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %q: %+v (%v), want %+v", c.name, c.text, got, err, c.want)
		}
	}
}

// An error names the setting and the part of its value that is wrong. It says what is
// allowed. The variable keeps its value.
func TestSetRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, value, allowed string }{
		{"text", "longer", "longer", "at most 5 letters"},
		{"text", "", "", "leave the setting out for its default, hello"},
		{"choice", "four", "four", "one, two or three"},
		{"number", "1", "1", "a whole number from 2 to 1000"},
		{"number", "0", "0", "from 2 to 1000"},
		{"number", "1001", "1001", "from 2 to 1000"},
		{"number", "4294967299", "4294967299", "from 2 to 1000"}, // 3 modulo 2^32
		{"number", "-5", "-5", "from 2 to 1000"},
		{"number", "7 KiB", "7 KiB", "from 2 to 1000"},
		{"time", "14", "14", "a time from 1s to 36500d, in whole days, such as 14d"},
		{"time", "0d", "0d", "from 1s to 36500d"},
		{"time", "999ms", "999ms", "from 1s"},
		{"time", "-1h", "-1h", "from 1s"},
		{"time", "1.5d", "1.5d", "in whole days"},
		{"time", "36501d", "36501d", "to 36500d"},
		{"time", "99999d", "99999d", "to 36500d"},
		{"time", "1000000h", "1000000h", "to 36500d"},
		{"date", "2027-02-29", "2027-02-29", "a date such as 2027-01-31"},
		{"date", "1969-12-31", "1969-12-31", "a date such as 2027-01-31"},
		{"date", "31d", "31d", "a date such as 2027-01-31"},
		{"networks", "10.0.0.0/8, proxy", "proxy", "networks and addresses"},
		{"networks", ",", ",", "remove the comma at the end"},
		{"networks", "10.0.0.0/8, ", "10.0.0.0/8, ", "remove the comma at the end"},
		{"networks", "10.0.0.0/8,,::1", "10.0.0.0/8,,::1", "remove one of the commas"},
		{"networks", "10.0.0.0/33", "10.0.0.0/33", "networks and addresses"},
		{"origins", "https://a.example,https://b.example/", "https://b.example/", "remove the slash at the end: https://b.example"},
		{"origins", "https://a.example/app", "https://a.example/app", "remove the path: an origin is scheme, host and port: https://a.example"},
		{"origins", "https://a.example?", "https://a.example?", `remove the "?" and what follows: https://a.example`},
		{"origins", "https://a.example/#", "https://a.example/#", `remove the "#" and what follows: https://a.example`},
		{"origins", "https://a.example:443", "https://a.example:443", "write it as browsers do: https://a.example"},
		{"origins", "https://a.example:0443", "https://a.example:0443", "write it as browsers do: https://a.example"},
		{"origins", "https://a.example:08443", "https://a.example:08443", "write it as browsers do: https://a.example:8443"},
		{"origins", "http://a.example:80", "http://a.example:80", "write it as browsers do: http://a.example"},
		{"origins", "https://A.example", "https://A.example", "write it as browsers do: https://a.example"},
		{"origins", "https://bücher.example", "https://bücher.example", "write it as browsers do: https://xn--bcher-kva.example"},
		{"origins", "http://[0::1]:3000", "http://[0::1]:3000", "write it as browsers do: http://[::1]:3000"},
		{"origins", "http://127.1", "http://127.1", "such as https://app.example.com"},
		{"origins", "https://*.a.example", "https://*.a.example", "one by one"},
		{"origins", "*", "*", "such as https://app.example.com"},
		{"origins", "a.example", "a.example", "such as https://app.example.com"},
		{"origins", "https://a.example,", "https://a.example,", "remove the comma at the end"},
	} {
		got := config{text: "as is"}
		err := find(t, &got, c.name).Set(c.text)
		e, ok := errors.AsType[*settings.Error](err)
		if !ok || e.Setting != c.name || e.Value != c.value || !strings.Contains(e.Allowed, c.allowed) {
			t.Errorf("%s %q: %v, want the value %q and %q", c.name, c.text, err, c.value, c.allowed)
		}
		if !reflect.DeepEqual(got, config{text: "as is"}) {
			t.Errorf("%s %q: the refused value was stored: %+v", c.name, c.text, got)
		}
	}
}

// A variable that code has set is held to the same bounds.
func TestCheck(t *testing.T) {
	good := config{"word", "two", 1000, time.Hour, time.Unix(0, 0), []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, []string{"https://a.example"}}
	bad := config{"longer", "four", 1001, -1, time.Unix(-1, 0), make([]netip.Prefix, 1), []string{"https://a.example/"}}
	var zero config
	for i := range good.settings() {
		if err := errors.Join(good.settings()[i].Check(), zero.settings()[i].Check()); err != nil {
			t.Error(err)
		}
		s := bad.settings()[i]
		if e, ok := errors.AsType[*settings.Error](s.Check()); !ok || e.Setting != s.Name {
			t.Errorf("%s: %v", s.Name, e)
		}
	}
}

// The default fills in what was not set, and is what help says.
func TestDefaults(t *testing.T) {
	c := config{number: 9}
	for _, s := range c.settings() {
		s.FillIn()
	}
	if want := (config{text: "hello", choice: "one", number: 9, time: 14 * settings.Day}); !reflect.DeepEqual(c, want) {
		t.Errorf("%+v, want %+v", c, want)
	}
	for name, want := range map[string]string{"text": "hello", "choice": "one", "number": "7", "time": "14d", "networks": "none"} {
		if _, _, standard := find(t, &c, name).Help(); standard != want {
			t.Errorf("%s: the help says %s, want %s", name, standard, want)
		}
	}
}

// A default of whole days is shown in days, and every duration is shown as it can be typed.
func TestDurationsArePrinted(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{time.Second, "1s"},
		{90 * time.Second, "1m30s"},
		{10 * time.Minute, "10m"},
		{time.Hour, "1h"},
		{36 * time.Hour, "36h"},
		{time.Hour + time.Second, "1h0m1s"},
		{100 * time.Minute, "1h40m"},
		{24 * time.Hour, "1d"},
		{2160 * time.Hour, "90d"},
	} {
		var got time.Duration
		s := settings.Duration("time", &got, c.d, time.Second, "")
		if err := s.Set(s.Default); s.Default != c.want || err != nil || got != c.d {
			t.Errorf("%v is printed as %s and read as %v (%v), want %s", c.d, s.Default, got, err, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	s := settings.In("Section", settings.Text("two-words", new(string), "", "meaning of a `thing`").Without("nothing"))[0]
	value, meaning, standard := s.Help()
	if s.Variable() != "CARDEA_TWO_WORDS" || s.Section != "Section" || value != "thing" || meaning != "meaning of a thing" || standard != "nothing" {
		t.Errorf("%s, %s, %s, %s, %s", s.Variable(), s.Section, value, meaning, standard)
	}
}

// Errors go to logs, so they hide what may be secret in an address.
func TestErrorsMaskSecrets(t *testing.T) {
	for value, want := range map[string]string{
		"postgres://cardea:hunter2@db/cardea?sslpassword=hunter2": "postgres://…@db/cardea?…",
		"s3://bucket?secret=hunter2":                              "s3://bucket?…",
		"host=db password=hunter2 user=cardea":                    "host=db password=…",
		"https://hunter2@example.com":                             "https://…@example.com",
		"https://example.com?":                                    "https://example.com?",
		"/a/path?with=a@sign":                                     "/a/path?with=a@sign",
	} {
		if got := settings.NewError("x", value, "y").Error(); got != `x: "`+want+`" is not allowed: y` {
			t.Errorf("%s: %s", value, got)
		}
	}
}
