package guard_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
)

// An IPv4 address is one network. An IPv6 address belongs to three.
func TestNetworks(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1":                            "[192.0.2.1/32]",
		"::ffff:192.0.2.1":                     "[192.0.2.1/32]",
		"2001:db8:1:234::1":                    "[2001:db8:1:234::/64 2001:db8:1:200::/56 2001:db8:1::/48]",
		"2001:DB8:1:2ff:ffff::1":               "[2001:db8:1:2ff::/64 2001:db8:1:200::/56 2001:db8:1::/48]",
		"fe80::1%eth0":                         "[fe80::/64 fe80::/56 fe80::/48]",
		"::1":                                  "[::/64 ::/56 ::/48]",
		"2002:c000:201:77::1":                  "[192.0.2.1/32]", // 6to4
		"2001:0:4136:e378:8000:63bf:3fff:fdfe": "[192.0.2.1/32]", // Teredo
		"64:ff9b::192.0.2.1":                   "[192.0.2.1/32]", // NAT64
	} {
		if got := fmt.Sprint((guard.Client{IP: netip.MustParseAddr(ip)}).Networks()); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
}

// Clients of one wide network share a flow with a larger share. Flows of different kinds
// are different.
func TestFlows(t *testing.T) {
	a := guard.Flows(guard.Client{IP: netip.MustParseAddr("2001:db8:1:201::1")}, "login", "ada")
	b := guard.Flows(guard.Client{IP: netip.MustParseAddr("2001:db8:1:202::1")}, "login", "bob")
	c := guard.Flows(guard.Client{IP: netip.MustParseAddr("2001:db8:1:201::1")}, "upload", "ada")
	for i, share := range []int{1, 2, 4, 0} {
		if isShared := a[i] == b[i]; a[i].Share != share || isShared != (share > 1) || a[i] == c[i] {
			t.Errorf("flow %d: %v, %v and %v", i, a[i], b[i], c[i])
		}
	}
	if flows := guard.Flows(guard.Client{}, "login", ""); len(flows) != 1 {
		t.Errorf("without a name and an address: %v", flows)
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
