package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/cardea-accounts/cardea/internal/account"
)

// origin is what the public address is made of.
type origin struct {
	https bool
	host  string
}

// origin is the public address that a request was sent to, or the configured one.
func (s *Server) origin(r *http.Request) origin {
	if s.opt.PublicURL != nil {
		return origin{} // always the same
	}
	return origin{s.isHTTPS(r), s.host(r)}
}

// publicAddress is the address that the world sees, without a slash at its end:
// the configured one, or else what the request was sent to.
func (s *Server) publicAddress(r *http.Request) string {
	if s.opt.PublicURL != nil {
		return strings.TrimSuffix(s.opt.PublicURL.String(), "/")
	}
	to := s.origin(r)
	if to.https {
		return "https://" + to.host
	}
	return "http://" + to.host
}

// isHTTPS tells whether the public address is an https one.
func (s *Server) isHTTPS(r *http.Request) bool {
	if s.opt.PublicURL != nil {
		return s.opt.PublicURL.Scheme == "https"
	}
	return r.TLS != nil || strings.EqualFold(s.forwarded(r, "X-Forwarded-Proto"), "https")
}

func (s *Server) host(r *http.Request) string {
	if host := s.forwarded(r, "X-Forwarded-Host"); host != "" && validHost(host) {
		return host
	}
	if r.Host != "" {
		return r.Host
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return local.String() // HTTP/1.0 without a Host header
	}
	return "localhost"
}

// forwarded returns the last value of a header that only a trusted proxy may set.
func (s *Server) forwarded(r *http.Request, header string) string {
	if len(s.opt.TrustedProxies) == 0 || !s.trusts(peer(r)) {
		return ""
	}
	values := r.Header.Values(header)
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}

// client says who sends a request, and by which id the log knows it.
func (s *Server) client(w http.ResponseWriter, r *http.Request) account.Client {
	from := account.Client{IP: s.clientIP(r), UserAgent: r.UserAgent(), Session: s.token(r), Device: s.device(r)}
	if rec, ok := w.(*recorder); ok {
		from.RequestID = rec.id()
	}
	return from
}

// clientIP is the peer's address or, when the peer is a trusted proxy, the last
// address of X-Forwarded-For that is not one: everything before it can be forged.
func (s *Server) clientIP(r *http.Request) netip.Addr {
	ip := peer(r)
	if !s.trusts(ip) {
		return ip
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			return ip
		}
		if ip = hop; !s.trusts(ip) {
			return ip
		}
	}
	return ip
}

// parseHop reads an address as proxies write it, some of them in brackets or with the port.
func parseHop(s string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if withPort, err2 := netip.ParseAddrPort(s); err != nil && err2 == nil {
		ip, err = withPort.Addr(), nil
	}
	return ip.Unmap().WithZone(""), err == nil
}

func (s *Server) trusts(ip netip.Addr) bool {
	for _, proxies := range s.opt.TrustedProxies {
		if proxies.Contains(ip) {
			return true
		}
	}
	return false
}

// peer is the address at the other end of the connection; the zero Addr, which
// prints as "invalid IP", when it has none (a Unix socket).
func peer(r *http.Request) netip.Addr {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr().Unmap().WithZone("")
}

// maxHost is the longest host: a name (RFC 1035 section 2.3.4) and a port, in bytes.
// Answers that are kept in memory have it in them.
const maxHost = 253 + len(":65535")

// validHost accepts a host name or address with or without a port, and nothing
// that could mean something else inside a link.
func validHost(host string) bool {
	if len(host) > maxHost {
		return false
	}
	for _, c := range []byte(host) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return true
}
