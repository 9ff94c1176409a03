package settings_test

import (
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/settings"
)

// The host and port are as browsers write them in Origin and Host.
func TestPublicURL(t *testing.T) {
	for text, want := range map[string]string{
		"":                                         "",
		"https://accounts.example.com":             "https://accounts.example.com",
		"http://localhost:5000/":                   "http://localhost:5000/",
		"https://example.com/accounts":             "https://example.com/accounts",
		"https://[::1]:5000":                       "https://[::1]:5000",
		"https://[0:0:0:0:0:0:0:1]":                "https://[::1]",
		"http://192.0.2.1":                         "http://192.0.2.1",
		"HTTPS://Accounts.Example.com:0443/X":      "https://accounts.example.com/X",
		"http://example.com:080":                   "http://example.com",
		"https://example.com:08443":                "https://example.com:8443",
		"https://Konten.Bücher.example":            "https://konten.xn--bcher-kva.example",
		"https://konten.b\u0075\u0308cher.example": "https://konten.xn--bcher-kva.example",
		"https://straße.example":                   "https://xn--strae-oqa.example",
		"http://my_app:5000":                       "http://my_app:5000",
		"https://ab--cd.example.com":               "https://ab--cd.example.com",
		"accounts.example.com":                     "refused",
		"ftp://example.com":                        "refused",
		"https://":                                 "refused",
		"https://example.com:99999":                "refused",
		"https://ada:secret@example.com":           "refused",
		"https://example.com/?a":                   "refused",
		"https://example.com/#a":                   "refused",
		"https://example.com/#":                    "refused",
		"https://exa mple.com":                     "refused",
		"https://exa!mple.com":                     "refused",
		"https://a..example.com":                   "refused",
		"https://xn--a.example.com":                "refused", // no punycode
		"https://127.1":                            "refused",
		"//example.com":                            "refused",
	} {
		got := ""
		u, err := settings.ParsePublicURL(text)
		if u != nil {
			got = u.String()
		}
		if err != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q: %q (%v), want %q", text, got, err, want)
		}
	}
}

// An address of the app is a path or absolute, and as browsers write it.
func TestCheckAddress(t *testing.T) {
	for address, valid := range map[string]bool{
		"": true, "/": true, "/home?a=b#c": true, "https://app.example.com": true, "https://app.example.com/home?a=b#c": true, "http://localhost:3000/": true,
		"home": false, "//evil.example": false, `/\evil.example`: false, "/\t/evil.example": false, "https:app.example.com": false, "HTTPS://app.example.com": false,
		"https://App.example.com": false, "https://ada@app.example.com": false, "ftp://app.example.com": false, "javascript:alert(1)": false,
		"https://app.example.com:443/": false, "https://bücher.example": false, "https://app.example.com/a b": false, "/a b": false, "https://": false,
	} {
		if err := settings.CheckAddress(address); (err == nil) != valid {
			t.Errorf("%q: %v", address, err)
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
// suffix (RFC 6265, section 5.3). net/http leaves out a domain with other characters than
// letters, digits and hyphens.
func TestCookieDomain(t *testing.T) {
	for _, c := range []struct{ domain, public, want, refused string }{
		{"", "", "", ""},
		{"example.com", "https://accounts.example.com", "example.com", ""},
		{"accounts.example.com", "https://Accounts.Example.com:8443/x", "accounts.example.com", ""},
		{"Example.com", "https://accounts.example.com", "example.com", ""},
		{"example.co.uk", "https://accounts.example.co.uk", "example.co.uk", ""},
		{"me.github.io", "https://accounts.me.github.io", "me.github.io", ""},
		{"team.internal", "http://accounts.team.internal", "team.internal", ""},
		{"bücher.example", "https://konten.bücher.example", "xn--bcher-kva.example", ""},
		{"Bücher.example", "https://konten.xn--bcher-kva.example", "xn--bcher-kva.example", ""},
		{"xn--bcher-kva.example", "https://konten.bücher.example", "xn--bcher-kva.example", ""},
		{"例え.公司.cn", "https://a.例え.公司.cn", "xn--r8jz45g.xn--55qx5d.cn", ""},
		{"example.com", "https://my_app.example.com", "example.com", ""},
		{"example.com", "", "", "set public-url too"},
		{".example.com", "https://accounts.example.com", "", "remove the dot"},
		{"other.com", "https://accounts.example.com", "", "accounts.example.com, or a parent"},
		{"ample.com", "https://accounts.example.com", "", "or a parent"},
		{"deep.accounts.example.com", "https://accounts.example.com", "", "or a parent"},
		{"com", "https://accounts.example.com", "", "public suffix"},
		{"co.uk", "https://accounts.example.co.uk", "", "public suffix"},
		{"公司.cn", "https://a.公司.cn", "", "public suffix"},
		{"xn--55qx5d.cn", "https://a.公司.cn", "", "public suffix"},
		{"github.io", "https://me.github.io", "", "public suffix"},
		{"me.github.io", "https://me.github.io", "me.github.io", ""},
		{"internal", "http://accounts.internal", "", "public suffix"},
		{"localhost", "http://localhost:5000", "", "public suffix"},
		{"192.0.2.1", "http://192.0.2.1", "", "IP address"},
		{"2.1", "http://192.0.2.1", "", "IP address"},
		{"::1", "http://[::1]:5000", "", "IP address"},
		{"my_app.example.com", "https://my_app.example.com", "", "without underscores"},
		{"-a.example.com", "https://-a.example.com", "", "letters, digits"},
		{"a b.com", "https://accounts.example.com", "", "letters, digits"},
		{"example.com;", "https://accounts.example.com", "", "letters, digits"},
	} {
		public, err := settings.ParsePublicURL(c.public)
		if err != nil {
			t.Fatal(err)
		}
		got, err := settings.ParseCookieDomain(c.domain, public)
		if got != c.want || (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s at %s: %q, %v, want %q, %q", c.domain, c.public, got, err, c.want, c.refused)
		}
	}
}
