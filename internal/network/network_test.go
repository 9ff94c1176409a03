package network

import (
	"fmt"
	"net/netip"
	"testing"
)

func TestOf(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7":                            "[192.0.2.7/32]",
		"::ffff:192.0.2.7":                     "[192.0.2.7/32]",
		"2001:db8:1:1234::7":                   "[2001:db8:1:1234::/64 2001:db8:1:1200::/56 2001:db8:1::/48]",
		"fe80::1%eth0":                         "[fe80::/64 fe80::/56 fe80::/48]",
		"2002:c000:207:1::1":                   "[192.0.2.7/32]",
		"2001:0:4136:e378:8000:63bf:3fff:fdf8": "[192.0.2.7/32]",
		"64:ff9b::c000:207":                    "[192.0.2.7/32]",
		"2001:1:0:4136::1":                     "[2001:1:0:4136::/64 2001:1:0:4100::/56 2001:1::/48]",
	} {
		if got := fmt.Sprint(Of(netip.MustParseAddr(ip))); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
	if got := Of(netip.Addr{}); len(got) != 1 || got[0].IsValid() {
		t.Errorf("no address: %v", got)
	}
}
