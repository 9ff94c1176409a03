package settings_test

import (
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/settings"
)

func TestPublicURL(t *testing.T) {
	for text, valid := range map[string]bool{
		"":                               true,
		"https://accounts.example.com":   true,
		"http://localhost:5000/":         true,
		"https://example.com/accounts":   true,
		"https://[::1]:5000":             true,
		"accounts.example.com":           false,
		"ftp://example.com":              false,
		"https://":                       false,
		"https://example.com:99999":      false,
		"https://ada:secret@example.com": false,
		"https://example.com/?a":         false,
		"https://example.com/#a":         false,
		"https://exa mple.com":           false,
		"//example.com":                  false,
	} {
		u, err := settings.ParsePublicURL(text)
		if (err == nil) != valid || (u != nil) != (valid && text != "") {
			t.Errorf("%q: %v, %v", text, u, err)
		}
	}
}

func TestCookieName(t *testing.T) {
	for name, valid := range map[string]bool{
		"session": true, "__Host-session": true, "a_B-9": true, strings.Repeat("a", 64): true,
		"my session": false, "a;b": false, "sessiön": false, strings.Repeat("a", 65): false,
	} {
		if err := settings.CheckCookieName(name); (err == nil) != valid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Browsers drop a cookie whose domain is neither the host nor a parent, or is a public
// suffix (RFC 6265, section 5.3).
func TestCookieDomain(t *testing.T) {
	for _, c := range []struct{ domain, public, refused string }{
		{"example.com", "https://accounts.example.com", ""},
		{"accounts.example.com", "https://Accounts.Example.com:8443/x", ""},
		{"example.co.uk", "https://accounts.example.co.uk", ""},
		{"me.github.io", "https://accounts.me.github.io", ""},
		{"team.internal", "http://accounts.team.internal", ""},
		{"example.com", "", "set public-url too"},
		{".example.com", "https://accounts.example.com", "remove the dot"},
		{"Example.com", "https://accounts.example.com", "lower case"},
		{"other.com", "https://accounts.example.com", "accounts.example.com, or a parent"},
		{"ample.com", "https://accounts.example.com", "or a parent"},
		{"deep.accounts.example.com", "https://accounts.example.com", "or a parent"},
		{"com", "https://accounts.example.com", "public suffix"},
		{"co.uk", "https://accounts.example.co.uk", "public suffix"},
		{"github.io", "https://me.github.io", "public suffix"},
		{"me.github.io", "https://me.github.io", ""},
		{"internal", "http://accounts.internal", "public suffix"},
		{"localhost", "http://localhost:5000", "public suffix"},
		{"192.0.2.1", "http://192.0.2.1", "IP address"},
		{"2.1", "http://192.0.2.1", "IP address"},
		{"::1", "http://[::1]:5000", "IP address"},
	} {
		public, err := settings.ParsePublicURL(c.public)
		if err != nil {
			t.Fatal(err)
		}
		err = settings.CheckCookieDomain(c.domain, public)
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s at %s: %v, want %q", c.domain, c.public, err, c.refused)
		}
	}
}
