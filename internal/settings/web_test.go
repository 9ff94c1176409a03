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

// The host is in the form in which browsers name it.
func TestPublicURLIsNormal(t *testing.T) {
	for typed, want := range map[string]string{
		"HTTPS://Accounts.Example.COM:443/x": "https://accounts.example.com/x",
		"http://example.com:80":              "http://example.com",
		"http://example.com:443":             "http://example.com:443",
		"https://bücher.example":             "https://xn--bcher-kva.example",
		"https://[2001:DB8:0::1]:8443":       "https://[2001:db8::1]:8443",
	} {
		if u, err := settings.ParsePublicURL(typed); err != nil || u.String() != want {
			t.Errorf("%s: %v, %v, want %s", typed, u, err, want)
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
