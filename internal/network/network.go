// Package network says which networks an address belongs to. Limits that count only
// addresses can be evaded by one customer who owns many.
package network

import (
	"net/netip"
	"strings"
)

// Of returns the networks that an address belongs to, the narrowest first: an IPv4
// address; for IPv6, the networks of 64, 56 and 48 bits. One customer may own any of
// these (RFC 6177).
//
// 6to4, Teredo and NAT64 addresses hold an IPv4 address, and count as that. Otherwise the
// owner of one IPv4 address would own many IPv6 networks.
func Of(ip netip.Addr) []netip.Prefix {
	ip = embeddedIPv4(ip.Unmap().WithZone(""))
	if !ip.Is6() {
		return []netip.Prefix{netip.PrefixFrom(ip, ip.BitLen())}
	}
	networks := make([]netip.Prefix, 0, 3)
	for _, bits := range []int{64, 56, 48} {
		networks = append(networks, netip.PrefixFrom(ip, bits).Masked())
	}
	return networks
}

// Share is how much more of something a wide network gets, because it may hold more
// customers: an IPv6 network of 56 bits twice as much as one of 64, and one of 48 bits
// four times as much. step is the index in the result of [Of].
func Share(step int) int { return 1 << step }

var (
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056
	teredo    = netip.MustParsePrefix("2001::/32")    // RFC 4380
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
)

// embeddedIPv4 returns the IPv4 address that an IPv6 address holds, or ip itself.
func embeddedIPv4(ip netip.Addr) netip.Addr {
	b := ip.As16()
	switch {
	case sixToFour.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case teredo.Contains(ip):
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})
	case nat64.Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:16]))
	}
	return ip
}

// IsLoopback reports whether a host is this machine: an IP address of it, localhost, or a name that
// ends in .localhost (RFC 6761 section 6.3).
func IsLoopback(host string) bool {
	ip, _ := netip.ParseAddr(strings.Trim(host, "[]"))
	name := strings.ToLower(host)
	return ip.Unmap().IsLoopback() || name == "localhost" || strings.HasSuffix(name, ".localhost")
}
