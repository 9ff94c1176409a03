package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
)

// New refuses a wrong setting and names it.
func TestSettingsAreChecked(t *testing.T) {
	for setting, configure := range map[string]func(*cardea.Config){
		"public-url":       func(c *cardea.Config) { c.PublicURL = "accounts.example.com" },
		"cookie-samesite":  func(c *cardea.Config) { c.CookieSameSite = "none" },
		"cookie-name":      func(c *cardea.Config) { c.CookieName = "__Host-session" },
		"session-idle":     func(c *cardea.Config) { c.SessionIdle = -time.Hour },
		"argon2-memory":    func(c *cardea.Config) { c.Argon2Memory = 1 },
		"accent-color":     func(c *cardea.Config) { c.AccentColor = "blue" },
		"terms-url":        func(c *cardea.Config) { c.TermsURL = "/terms" },
		"privacy-url":      func(c *cardea.Config) { c.PrivacyURL = "javascript:alert(1)" },
		"docs":             func(c *cardea.Config) { c.Docs = "no" },
		"security-contact": func(c *cardea.Config) { c.SecurityContact = "http://example.com" },
		"return-origins":   func(c *cardea.Config) { c.ReturnOrigins = []string{"https://x.example.com/"} },
		"app-url":          func(c *cardea.Config) { c.AppURL = "//x.example.com/" },
		"allowed-origins":  func(c *cardea.Config) { c.AllowedOrigins = []string{"https://x.example.com/"} },
		"database":         func(c *cardea.Config) { c.Database = "postgres://localhost/x" },
		"storage":          func(c *cardea.Config) { c.Storage = "gs://bucket" },
		"upload-max-bytes": func(c *cardea.Config) { c.UploadMaxBytes = -1 },
		"log":              func(c *cardea.Config) { c.LogRequests = "some" },
		"rate-limit":       func(c *cardea.Config) { c.RateLimit = "maybe" },
	} {
		cfg := cardea.Config{Data: t.TempDir() + "/none"}
		configure(&cfg)
		_, err := cardea.New(cfg)
		if err == nil || !strings.Contains(err.Error(), setting+":") {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

func TestDefaultHashIsOWASPs(t *testing.T) {
	if d := cardea.Default(); d.Argon2Memory != 19456 || d.Argon2Time != 2 || len(d.Warnings()) != 0 {
		t.Errorf("default settings %+v, warnings %v", d, d.Warnings())
	}
}
