package wire

import (
	"net/url"
	"strings"
	"testing"
)

var returnOrigins = []string{"https://app.example.com", "http://localhost:5173"}

func TestSafeNext(t *testing.T) {
	same := func(next string) [2]string { return [2]string{next, next} }
	for _, c := range [][2]string{
		same("/"), same("/members"), same("/members/"), same("/a/b?x=1&y=//evil.example#//top"), same("/.well-known/x"), same("/a%20b"), same("/a?b~"),
		same("/a...b/..c"), same("/?next=%2F%2Fevil"), same("/@evil.example"), same("/a:b"), same("/https:"),
		same("https://app.example.com"), same("https://app.example.com/"), same("https://app.example.com/a?b#c"), same("https://app.example.com?a"),
		same("https://app.example.com#a"), same("http://localhost:5173/x"),
		{"/café/ü x?q=<\"é\">", "/caf%C3%A9/%C3%BC%20x?q=%3C%22%C3%A9%22%3E"},
		{"/" + strings.Repeat("a", maxNext-1), "/" + strings.Repeat("a", maxNext-1)},
	} {
		if got := SafeNext(c[0], returnOrigins); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
	for _, next := range []string{
		"", "a", "members", "./a", "../a", "?a", "#a", "//", "//evil.example", "///evil.example", "////evil.example/%2f..", `/\evil.example`, `\\evil.example`, `\/evil.example`,
		`/a\..\..\\evil.example`, "https:evil.example", "https:/evil.example", "https:///evil.example", "http:evil.example", "https://evil.example", "HTTPS://EVIL.EXAMPLE",
		"/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", " //evil.example", " /a", "/a\n", "/\x00", "/a\x7f", "/\u0085/evil.example", "java\tscript:alert(1)",
		"javascript:alert(1)", "data:text/html,x", "ftp://app.example.com/", "mailto:a@b", "/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%5Cevil.example",
		"/%09/evil.example", "/a/%0a", "/.//evil.example", "/..//evil.example", "/%2e%2e//evil.example", "/a/../b", "/a/./b", "/a/..", "/a//b", "/%zz", "/%",
		"%2F%2Fevil.example", "https%3A%2F%2Fevil.example", "https://app.example.com@evil.example/", "https://app.example.com:443/", "https://app.example.com:8443/",
		"https://app.example.com.evil.example/", "https://app.example.com.", `https://app.example.com\@evil.example`, "https://app.example.com%2f@evil.example", "https://user@app.example.com/",
		"https://:@app.example.com/", "HTTPS://app.example.com/", "https://App.Example.com/", "http://app.example.com/", "https://app.example.com//evil.example", "https://app.example.comm",
		"https://ａpp.example.com/", "https://app。example.com/", "https://xn--pp-fka.example.com/", "http://localhost/", "http://localhost:51733/", "http://localhost:5173@evil.example",
		"/\xff", "/a?\xff", "/" + strings.Repeat("a", maxNext), "/" + strings.Repeat("é", maxNext/6+1), strings.Repeat("/", 100_000), "https://app.example.com/" + strings.Repeat("a", maxNext),
	} {
		if got := SafeNext(next, returnOrigins); got != "" {
			t.Errorf("%.80q leads to %.80q", next, got)
		}
	}
}

// Whatever stands in next, a browser stays at the page's origin or goes to one of the list.
func FuzzSafeNext(f *testing.F) {
	for _, s := range []string{"/a?b#c", "//evil.example", `/\evil`, "https:evil", "/\t/evil", "https://app.example.com@evil", "/%2F/evil", "/é x", "https://app.example.com/é", "/.//evil", "/#%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, next string) {
		to := SafeNext(next, returnOrigins)
		if to == "" {
			return
		}
		for _, c := range []byte(to) {
			if c <= ' ' || c > '~' || strings.ContainsRune(`\"<>`, rune(c)) {
				t.Fatalf("%q leads to %q", next, to)
			}
		}
		if again := SafeNext(to, returnOrigins); again != to {
			t.Fatalf("%q leads to %q, which leads to %q", next, to, again)
		}
		base := &url.URL{Scheme: "https", Host: "accounts.example.com", Path: "/login"}
		address, _, _ := strings.Cut(to, "#") // net/url is stricter with fragments than browsers
		u, err := base.Parse(address)
		if err != nil {
			t.Fatalf("%q leads to %q: %v", next, to, err)
		}
		switch origin := u.Scheme + "://" + u.Host; {
		case u.User != nil, u.Opaque != "", strings.HasPrefix(u.Path, "//"), strings.HasPrefix(u.EscapedPath(), "//"):
			t.Fatalf("%q leads to %q", next, to)
		case to[0] == '/' && origin == "https://accounts.example.com", origin == returnOrigins[0], origin == returnOrigins[1]:
		default:
			t.Fatalf("%q leads to %q, at %s", next, to, origin)
		}
	})
}
