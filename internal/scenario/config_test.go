package scenario

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A zero field means its default, so both of these are valid and mean the same.
func TestZeroConfigIsTheDefault(t *testing.T) {
	for name, cfg := range map[string]cardea.Config{"zero": {}, "default": cardea.Default()} {
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d := cardea.Default(); d.SessionIdle != 14*24*time.Hour || d.CookieName != "session" || d.HSTS != "host" || d.TuneRuntime {
		t.Errorf("%+v", d)
	}
}

// Settings that browsers would not follow are refused before the server starts.
func TestCookieSettingsFitTogether(t *testing.T) {
	const https = "https://accounts.example.com"
	for _, c := range []struct {
		cfg     cardea.Config
		refused []string // settings, sorted
	}{
		{cardea.Config{PublicURL: https, CookieName: "__Host-session", CookieSameSite: "none"}, nil},
		{cardea.Config{PublicURL: https, CookieDomain: "example.com"}, nil},
		{cardea.Config{PublicURL: https, CookieName: "__Secure-session", CookieDomain: "example.com"}, nil},
		{cardea.Config{CookieSameSite: "none"}, []string{"cookie-samesite"}},
		{cardea.Config{CookieName: "__Host-session"}, []string{"cookie-name"}},
		{cardea.Config{CookieName: "__secure-session", PublicURL: "http://example.com"}, []string{"cookie-name"}},
		{cardea.Config{PublicURL: https, CookieName: "__host-session", CookieDomain: "example.com"}, []string{"cookie-domain"}},
		{cardea.Config{PublicURL: https, CookieDomain: "com"}, []string{"cookie-domain"}},
		{cardea.Config{PublicURL: "https://a.my_app.example", CookieDomain: "my_app.example"}, []string{"cookie-domain"}},
		{cardea.Config{PublicURL: "https://a.公司.cn", CookieDomain: "公司.cn"}, []string{"cookie-domain"}},
		{cardea.Config{CookieDomain: "example.com"}, []string{"cookie-domain"}},
		{cardea.Config{PublicURL: "example.com", CookieDomain: "example.com"}, []string{"public-url"}},
		{cardea.Config{FlaskUntil: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)}, []string{"flask-secret-key-file"}},
		{cardea.Config{FlaskUntil: time.Unix(0, -1), FlaskSecretKeyFile: "keys"}, []string{"flask-until"}},
		{cardea.Config{HSTS: "yes", Limits: "x", SessionMax: -1}, []string{"hsts", "limits", "session-max"}}, // all at once
	} {
		if got := refused(t, c.cfg); !slices.Equal(got, c.refused) {
			t.Errorf("%+v: refused %v, want %v", c.cfg, got, c.refused)
		}
	}
}

// refused lists the settings that Validate refuses.
func refused(t *testing.T, cfg cardea.Config) (names []string) {
	t.Helper()
	err := cfg.Validate()
	if err == nil {
		return nil
	}
	all, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%T is not a join", err)
	}
	for _, e := range all.Unwrap() {
		setting, ok := errors.AsType[*cardea.SettingError](e)
		if !ok {
			t.Fatalf("%T is no SettingError", e)
		}
		names = append(names, setting.Setting)
	}
	slices.Sort(names)
	return names
}

// The domain of a cookie is in punycode, because net/http leaves out other forms.
func TestCookieDomainInPunycode(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) {
		c.PublicURL, c.CookieDomain = "https://konten.bücher.example", "bücher.example"
	})
	client := server.NewClient(t)
	client.Header = http.Header{"Origin": {"https://konten.xn--bcher-kva.example"}} // as browsers send it
	cookie := client.Post("/api/logout", nil).Want(200).Header.Get("Set-Cookie")
	if !strings.Contains(cookie, "; Domain=xn--bcher-kva.example;") {
		t.Errorf("the cookie is %s", cookie)
	}
}

// An idle limit without effect is warned about, unless it is the default.
func TestIdleBeyondMaxIsWarnedAbout(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		idle, most time.Duration
		warned     bool
	}{
		{0, 0, false}, {0, 7 * day, false}, {30 * day, 0, false}, {7 * day, 7 * day, false}, {100 * day, 0, true}, {36 * time.Hour, day, true},
	} {
		warnings := strings.Join(cardea.Config{SessionIdle: c.idle, SessionMax: c.most}.Warnings(), "\n")
		if strings.Contains(warnings, "session-idle") != c.warned {
			t.Errorf("idle %v, max %v: %q", c.idle, c.most, warnings)
		}
	}
}

// The server warns about a file with a secret that every user of the machine can read. The group may
// read it. Links are not checked, because orchestrators mount secrets as links.
func TestSecretsOfEverybodyAreWarnedAbout(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	link := filepath.Join(t.TempDir(), "mounted")
	if err := errors.Join(os.WriteFile(file, []byte("hunter2"), 0o600), os.Symlink(file, link)); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o600, 0o440, 0o644, 0o604} {
		warned := mode&0o007 != 0
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		for setting, cfg := range map[string]cardea.Config{
			"database-password-file": {DatabasePasswordFile: file}, "smtp-password-file": {SMTPPasswordFile: file}, "flask-secret-key-file": {FlaskSecretKeyFile: file},
		} {
			warnings := strings.Join(cfg.Warnings(), "\n")
			if strings.Contains(warnings, setting+": "+file) != warned || warned && !strings.Contains(warnings, "run chmod o= "+file) {
				t.Errorf("%s with %o: %q", setting, mode, warnings)
			}
			cfg.DataAccess = "any"
			if warnings := cfg.Warnings(); len(warnings) > 0 {
				t.Errorf("allowed: %q", warnings)
			}
		}
		if warnings := (cardea.Config{DatabasePasswordFile: link}).Warnings(); len(warnings) > 0 {
			t.Errorf("a link: %q", warnings)
		}
	}
}

// A program can read settings by name, as the command does from flags.
func TestSettingsByName(t *testing.T) {
	var cfg cardea.Config
	for _, s := range cfg.Settings() {
		if s.Name == "session-idle" {
			if err := s.Set("7d"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if cfg.SessionIdle != 7*24*time.Hour {
		t.Errorf("session-idle is %v", cfg.SessionIdle)
	}
}

// Every setting has words for all columns of the reference, and a name of its own.
func TestSettingsAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	var cfg cardea.Config
	for _, s := range cfg.Settings() {
		value, meaning, standard := s.Help()
		if value == "" || value == "value" || meaning == "" || standard == "" || s.Section == "" || seen[s.Name] || strings.ToLower(s.Name) != s.Name {
			t.Errorf("%s: %q, %q, %q, %q", s.Name, value, meaning, standard, s.Section)
		}
		seen[s.Name] = true
	}
}
