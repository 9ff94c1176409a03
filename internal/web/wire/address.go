package wire

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/cardea-accounts/cardea/internal/text"
)

// Origin is what the public address of a request depends on. Answers with links may
// be kept for requests of the same Origin.
type Origin struct {
	https bool
	host  string // in normal form
}

// Origin returns the request's; with a configured public URL all have the same.
func (r *Request) Origin() Origin {
	if r.wire.opt.PublicURL != nil {
		return Origin{}
	}
	return r.wire.originOf(r.HTTP)
}

func (wire *Wire) originOf(r *http.Request) Origin {
	https := wire.isHTTPS(r)
	return Origin{https, wire.host(r, https)}
}

func (o Origin) String() string {
	if o.https {
		return "https://" + o.host
	}
	return "http://" + o.host
}

// PublicAddress returns the address that the world sees, without a slash at its
// end.
func (r *Request) PublicAddress() string { return r.wire.PublicAddress(r.HTTP) }

// PublicAddress returns the configured public URL, or else the address that the
// request was sent to, without a slash at its end.
func (wire *Wire) PublicAddress(r *http.Request) string {
	if wire.opt.PublicURL != nil {
		return strings.TrimSuffix(wire.opt.PublicURL.String(), "/")
	}
	return wire.originOf(r).String()
}

// isHTTPS reports whether the public address is an https one.
func (wire *Wire) isHTTPS(r *http.Request) bool {
	if wire.opt.PublicURL != nil {
		return wire.opt.PublicURL.Scheme == "https"
	}
	return r.TLS != nil || strings.EqualFold(wire.forwarded(r, "X-Forwarded-Proto"), "https")
}

// host is the host of the public address, in normal form.
func (wire *Wire) host(r *http.Request, https bool) string {
	if wire.opt.ForwardedHost {
		if host, ok := text.Host(wire.forwarded(r, "X-Forwarded-Host"), https); ok && host != "" {
			return host
		}
	}
	if host, ok := text.Host(r.Host, https); ok && host != "" {
		return host
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return local.String() // HTTP/1.0 without a Host header
	}
	return "localhost"
}

// forwarded returns the last value of a header that only a trusted proxy may set.
func (wire *Wire) forwarded(r *http.Request, header string) string {
	if len(wire.opt.TrustedProxies) == 0 || !wire.trusts(peer(r)) {
		return ""
	}
	values := r.Header.Values(header)
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}

// IP returns the address of the client. That is the peer's or, if the peer is a
// trusted proxy, the last address in X-Forwarded-For that is not one: everything
// before it can be forged.
func (r *Request) IP() netip.Addr {
	ip := peer(r.HTTP)
	if !r.wire.trusts(ip) {
		return ip
	}
	rest, hop := strings.Join(r.HTTP.Header.Values("X-Forwarded-For"), ","), ""
	for range maxHops {
		at := strings.LastIndexByte(rest, ',')
		rest, hop = rest[:max(0, at)], rest[at+1:]
		hop, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			return ip
		}
		if ip = hop; !r.wire.trusts(ip) {
			return ip
		}
	}
	return ip
}

// maxHops is how many trusted proxies a request passes at most.
const maxHops = 16

// parseHop reads an address as proxies write it: some add brackets or the port.
func parseHop(s string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if withPort, err2 := netip.ParseAddrPort(s); err != nil && err2 == nil {
		ip, err = withPort.Addr(), nil
	}
	return ip.Unmap().WithZone(""), err == nil
}

func (wire *Wire) trusts(ip netip.Addr) bool {
	for _, proxies := range wire.opt.TrustedProxies {
		if proxies.Contains(ip) {
			return true
		}
	}
	return false
}

// peer returns the address at the other end of the connection. If there is none (a
// Unix socket), it is the zero Addr, which prints as "invalid IP".
func peer(r *http.Request) netip.Addr {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr().Unmap().WithZone("")
}
