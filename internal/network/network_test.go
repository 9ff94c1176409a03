package network_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/cardea-accounts/cardea/internal/network"
)

// An IPv4 address is one network. An IPv6 address belongs to three.
func TestOf(t *testing.T) {
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
		if got := fmt.Sprint(network.Of(netip.MustParseAddr(ip))); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
}
