package guard_test

import (
	"net/netip"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
)

// An IPv6 network of 64 bits counts as one address.
func TestNetwork(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"2001:db8::1":          "2001:db8::/64",
		"2001:DB8:0:0:ffff::1": "2001:db8::/64",
		"2001:db8:0:1::1":      "2001:db8:0:1::/64",
		"::1":                  "::/64",
	} {
		if got := (guard.Client{IP: netip.MustParseAddr(ip)}).Network(); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
}

// Records show the whole address. An operator's command has none.
func TestAddress(t *testing.T) {
	if got := (guard.Client{IP: netip.MustParseAddr("2001:db8::1")}).Address(); got != "2001:db8::1" {
		t.Errorf("got %s", got)
	}
	if got := (guard.Client{}).Address(); got != "" {
		t.Errorf("a command has the address %s", got)
	}
}
