package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
)

// A wrong setting is reported as it was given, with its value and what is allowed.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, allowed string }{
		{"listen", "5000", "host:port"},
		{"listen", "127.0.0.1:http", "host:port"},
		{"listen", "127.0.0.1:65536", "host:port"},
		{"database", "mysql://localhost/cardea", "postgres://user@host/database"},
		{"database", "host=db dbname=cardea", "postgres://user@host/database"},
		{"database-password-file", "/nowhere/password", "a SQLite file has none"},
		{"storage", "s3://bucket", "region"},
		{"public-url", "accounts.example.com", "https://"},
		{"public-url", "https://example.com/#a", "without user, query"},
		{"public-url", "https://example.com:99999", "https://"},
		{"trusted-proxies", "proxy", "10.0.0.0/8"},
		{"allowed-origins", "https://app.example.com/", "remove the slash at the end: https://app.example.com"},
		{"hsts", "on", "host, subdomains or off"},
		{"cookie-name", "my session", "letters"},
		{"cookie-name", "__Host-session", "https public-url"},
		{"cookie-domain", "example.com", "public-url"},
		{"cookie-samesite", "relaxed", "strict"},
		{"cookie-samesite", "none", "https public-url"},
		{"session-idle", "336", "in whole days, such as 14d"},
		{"session-max", "-1h", "from 1s to 36500d"},
		{"argon2-memory", "7", "from 8"},
		{"argon2-time", "101", "to 100"},
		{"limits", "mails=1/1h", "mail-recipient, mail-total, register"},
		{"upload-max-bytes", "10MB", "from 1 to 1073741824"},
		{"upload-max-pixels", "0", "from 1 to 1073741824"},
		{"rate-limit", "yes", "off"},
		{"log", "none", "events"},
		{"log-format", "xml", "json"},
		{"ops-listen", "0.0.0.0:5001", "loopback"},
		{"ops-listen", ":5001", "loopback"},
		{"ops-listen", "192.0.2.1:5001", "loopback"},
		{"ops-listen", "127.0.0.1", "host:port"},
		{"ops-token-file", "/nowhere/token", "can be read"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			said := `"` + c.value + `" is not allowed: `
			run(t, nil, "serve", "--"+c.name, c.value).wantEnd(exitUsage, "--"+c.name+": "+said, c.allowed)
			variable := cardea.Setting{Name: c.name}.Variable()
			run(t, []string{variable + "=" + c.value}, "serve").wantEnd(exitUsage, variable+": "+said, c.allowed)
		})
	}
}

// Secrets in addresses are not printed.
func TestSecretsInSettingsAreNotPrinted(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"database":   "postgres://cardea:hunter2@db/cardea?sslpassword=hunter2",
		"storage":    "s3://bucket?secret=hunter2",
		"public-url": "https://admin:hunter2@example.com",
	} {
		p := run(t, nil, "serve", "--"+name, value)
		p.wantEnd(exitUsage, "--"+name+": ")
		if strings.Contains(p.stderr.String(), "hunter2") {
			t.Errorf("--%s: %s", name, &p.stderr)
		}
	}
}

// Scripts pass an empty value if a variable is not set.
func TestEmptyDataFolder(t *testing.T) {
	t.Parallel()
	serveOnce(t, "").wantEnd(exitUsage, `--data: "" is not allowed: `, "default, cardea-data")
}

// All wrong settings are reported at once.
func TestSeveralWrongSettings(t *testing.T) {
	t.Parallel()
	run(t, []string{"CARDEA_SESSION_IDLE=soon"}, "serve", "--listen", "nowhere").
		wantEnd(exitUsage, "--listen", "CARDEA_SESSION_IDLE")
	run(t, []string{"CARDEA_LOG=much"}, "serve", "--rate-limit", "maybe").
		wantEnd(exitUsage, "--rate-limit", "CARDEA_LOG")
}

func TestUsedWrongly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args  string
		words []string
	}{
		{"serve --lisen 127.0.0.1:0", []string{"-lisen", "cardea serve --help"}},
		{"serve --listen", []string{"-listen", "cardea serve --help"}},
		{"serve now", []string{`"now"`, "cardea serve --help"}},
		{"version 2", []string{"cardea version"}},
		{"sevre", []string{`"sevre"`, "cardea help"}},
		{"--data x", []string{`"--data"`, "cardea help"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			run(t, nil, strings.Fields(c.args)...).wantEnd(exitUsage, c.words...)
		})
	}
	t.Run("nothing", func(t *testing.T) {
		p := run(t, nil)
		if code := p.wait(); code != exitUsage || p.stdout.String() != "" || !strings.Contains(p.stderr.String(), "cardea serve") {
			t.Errorf("exit code %d, stdout %q, stderr %q", code, &p.stdout, &p.stderr)
		}
	})
}

func TestFlagBeatsVariableBeatsDefault(t *testing.T) {
	t.Parallel()
	variable := []string{"CARDEA_COOKIE_NAME=from-variable"}
	for _, c := range []struct {
		want  string
		env   []string
		flags []string
	}{
		{"session", nil, nil},
		{"session", []string{"CARDEA_COOKIE_NAME="}, nil},
		{"from-variable", variable, nil},
		{"from-flag", variable, []string{"--cookie-name", "from-flag"}},
	} {
		s := serve(t, t.TempDir(), c.env, c.flags...)
		got := s.client().Post("/api/logout", nil).Want(http.StatusOK).Header.Get("Set-Cookie")
		if !strings.HasPrefix(got, c.want+"=") {
			t.Errorf("%v %v: the cookie is %s, want the name %s", c.env, c.flags, got, c.want)
		}
	}
}

func TestUnknownVariableIsWarnedAbout(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), []string{"CARDEA_LISTNE=127.0.0.1:5001"})
	s.client().Get("/readyz").Want(http.StatusOK)
	s.stop()
	s.wantWarning("CARDEA_LISTNE")
}

func TestWeakHashingIsWarnedAbout(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), nil, "--argon2-memory", "12287", "--argon2-time", "3")
	s.stop()
	s.wantWarning("argon2-memory 12287", "argon2-time 3", "OWASP")

	s = serve(t, t.TempDir(), nil, "--argon2-memory", "12288", "--argon2-time", "3")
	s.stop()
	if log := s.stderr.String(); strings.Contains(log, "OWASP") {
		t.Errorf("settings as strong as OWASP's minimum are warned about: %s", log)
	}
}

// The log warns if passwords can cross a network in clear text.
func TestExposureIsWarnedAbout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		listen, public string
		warned         bool
	}{
		{"127.0.0.1:0", "", false},
		{"localhost:0", "", false},
		{"[::1]:0", "", false},
		{"0.0.0.0:0", "", true},
		{":0", "http://accounts.example.com", true},
		{":0", "https://accounts.example.com", false},
	} {
		o := options{listen: c.listen}
		o.PublicURL = c.public
		if warned := len(exposure(o)) > 0; warned != c.warned {
			t.Errorf("%+v: warned %v", c, warned)
		}
	}
}

// wantWarning fails the test unless the log has a warning with all of the words. The server
// must have ended.
func (s *server) wantWarning(words ...string) {
	s.t.Helper()
	lines := strings.SplitAfter(s.stderr.String(), "\n")
	isIt := func(line string) bool {
		lacks := func(word string) bool { return !strings.Contains(line, word) }
		return strings.Contains(line, `"level":"WARN"`) && !slices.ContainsFunc(words, lacks)
	}
	if !slices.ContainsFunc(lines, isIt) {
		s.t.Errorf("no warning with %q in the log:\n%s", words, &s.stderr)
	}
}
