package guard

import (
	"crypto/sha256"
	"net/netip"

	"github.com/cardea-accounts/cardea/internal/fair"
)

// Networks returns the networks that a client belongs to, the narrowest first: an IPv4
// address; for IPv6, the networks of 64, 56 and 48 bits. One customer may own any of
// these (RFC 6177), so one that owns a large network gains little by changing addresses.
//
// 6to4, Teredo and NAT64 addresses hold an IPv4 address, and count as that. Otherwise the
// owner of one IPv4 address would own many IPv6 networks.
func (c Client) Networks() []netip.Prefix {
	ip := embeddedIPv4(c.IP.Unmap().WithZone(""))
	if !ip.Is6() {
		return []netip.Prefix{netip.PrefixFrom(ip, ip.BitLen())}
	}
	networks := make([]netip.Prefix, 0, 3)
	for _, bits := range []int{64, 56, 48} {
		networks = append(networks, netip.PrefixFrom(ip, bits).Masked())
	}
	return networks
}

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

// rise is how much more of something a wide network gets: for an IPv6 network of 56 bits
// twice as much as for one of 64, and for one of 48 bits four times as much. step is the
// index in [Client.Networks].
func rise(step int) int { return 1 << step }

// Flows names for whom a job waits in a queue: the networks of the client, and an account
// or something else with a name, which may be empty. The kind keeps names of different
// sorts apart. Queues are fair between flows. Unlike the counters of [Limits], flows do not
// depend on who failed before.
func Flows(client Client, kind, name string) []fair.Flow {
	var flows []fair.Flow
	for i, network := range client.Networks() {
		flows = append(flows, fair.Flow{Name: hash(kind+" from", network.String()), Share: rise(i)})
	}
	if name == "" {
		return flows
	}
	return append(flows, fair.Flow{Name: hash(kind, name)})
}

// hash names something without keeping it.
func hash(kind, value string) [32]byte { return sha256.Sum256([]byte(kind + "\x00" + value)) }
