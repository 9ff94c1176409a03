package text_test

import (
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/text"
)

func TestHost(t *testing.T) {
	label := strings.Repeat("a", 62) + "."
	longest := strings.Repeat(label, 4) + "x"
	for _, c := range []struct{ typed, http, https string }{
		{"example.com", "example.com", "example.com"},
		{"EXAMPLE.com:5000", "example.com:5000", "example.com:5000"},
		{"example.com:80", "example.com", "example.com:80"},
		{"example.com:443", "example.com:443", "example.com"},
		{"example.com:0443", "example.com:443", "example.com"},
		{"example.com:", "example.com", "example.com"},
		{"my_host-1", "my_host-1", "my_host-1"},
		{"example.com.", "example.com", "example.com"},
		{"Example.COM.:0080", "example.com", "example.com:80"},
		{"bücher.example。", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"Bücher.example:443", "xn--bcher-kva.example:443", "xn--bcher-kva.example"},
		{"bu\u0308cher.example", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"XN--bcher-KVA.example", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"bücher。example", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"127.0.0.1:80", "127.0.0.1", "127.0.0.1:80"},
		{"[::1]:5000", "[::1]:5000", "[::1]:5000"},
		{"[::1]:80", "[::1]", "[::1]:80"},
		{"[2001:DB8:0:0::1]", "[2001:db8::1]", "[2001:db8::1]"},
		{longest + ":65535", longest + ":65535", longest + ":65535"},
		{"", "", ""},
	} {
		for https, want := range map[bool]string{false: c.http, true: c.https} {
			if got, ok := text.Host(c.typed, https); !ok || got != want {
				t.Errorf("%q, https %v: %q, %v, want %q", c.typed, https, got, ok, want)
			}
		}
	}
	for _, typed := range []string{
		"a/b", "a%2fb", `a"b`, "user@evil.com", "a?b", "a b", "a\x00b", "a,b", "::1", "[::1", "[::1]x", "[fe80::1%eth0]", "[127.0.0.1]", "a:b", "a:-1", "a:+1", "a:65536", "a:99999999999999999999", ".", ".:80",
		"ü/evil.com", "\xff.example", "a\u202eb.example", "x" + longest + ":65535", strings.Repeat("ü", 300), strings.Repeat("ü", 100_000),
	} {
		if got, ok := text.Host(typed, false); ok {
			t.Errorf("%.40q is a host: %q", typed, got)
		}
	}
	for _, normal := range []string{"accounts.example.com:5000", "accounts.example.com", "127.0.0.1:5000", ""} {
		if n := testing.AllocsPerRun(100, func() { _, _ = text.Host(normal, true) }); n > 0 {
			t.Errorf("%q: %v allocations", normal, n)
		}
	}
}
