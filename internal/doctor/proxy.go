package doctor

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"slices"
	"strings"

	"github.com/cardea-accounts/cardea/internal/guard"
)

// forged is an address that no client has (RFC 5737).
const forged = "192.0.2.123"

// madeUp is a host that no client has (RFC 6761).
const madeUp = "doctor.invalid"

// checkProxy looks whether the server trusts the proxy, and whether clients can pretend to
// be a proxy.
func (v *visit) checkProxy(ctx context.Context) {
	answer, err := v.ask(ctx, http.MethodGet, "/api/forward-auth", nil, "X-Original-URL", "/doctor", "X-Forwarded-Host", madeUp)
	if err != nil {
		v.failed("/api/forward-auth", err)
		return
	}
	to := answer.header.Get("Location")
	if strings.Contains(to, madeUp) {
		v.wrong("CARDEA_PUBLIC_URL="+v.URL.String(), "a client can choose the host in links by X-Forwarded-Host")
	}
	isTrusted := strings.HasSuffix(to, "next=%2Fdoctor")
	// Cardea has no https of its own, and sends neither header.
	isBehindProxy := v.URL.Scheme == "https" || answer.header.Get("Server") != "" || answer.header.Get("Via") != ""
	switch {
	case isTrusted:
		v.ok("the server trusts the proxy")
	case isBehindProxy:
		v.wrong("CARDEA_TRUSTED_PROXIES=127.0.0.1  (the address of the proxy)",
			"the server does not trust the proxy, so all users share its address and its limits")
	default:
		v.ok("there seems to be no proxy")
	}
	if v.Data == nil {
		v.note("", "not checked: which address the server takes for the client's; run cardea doctor where the data is")
		return
	}
	v.checkClientAddress(ctx, isTrusted)
}

// checkClientAddress signs in to an account that does not exist, and reads in the audit
// events from which address.
func (v *visit) checkClientAddress(ctx context.Context, isTrusted bool) {
	var local netip.Addr
	tracing := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		at, _ := netip.ParseAddrPort(i.Conn.LocalAddr().String())
		local = at.Addr().Unmap()
	}})
	body, _ := json.Marshal(map[string]string{"email": strings.ToLower(rand.Text()) + "@" + madeUp, "password": rand.Text()}) // strings do not fail
	answer, err := v.ask(tracing, http.MethodPost, "/api/login", body, "Content-Type", "application/json", "X-Forwarded-For", forged)
	if err != nil {
		v.failed("POST /api/login", err)
		return
	}
	seen, isKnown := v.addressOf(ctx, answer.header.Get("X-Request-Id"))
	proxies := v.Settings.TrustedProxies
	trusts := func(ip netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	switch {
	case !isKnown:
		v.note("run cardea doctor with the settings of the server",
			"not checked: which address the server takes for the client's; the data here has no event of the request (status %d)", answer.status)
	case isTrusted && len(proxies) == 0:
		v.wrong("run cardea doctor with the settings of the server",
			"the server trusts the proxy, but by the settings here it does not")
	case trusts(local):
		v.note("",
			"not checked: which address the server takes for the client's; this machine, at %s, is itself a trusted proxy", local)
	case seen.String() == forged:
		v.wrong("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;  (in nginx)",
			"clients can choose their address: the proxy passes X-Forwarded-For on as it comes")
	case seen == local:
		v.ok("the server sees this machine at %s", seen)
	case trusts(seen):
		v.wrong("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;  (in nginx)",
			"the proxy at %s does not tell the addresses of clients", seen)
	case !isTrusted && (seen.IsLoopback() || seen.IsPrivate()):
		v.wrong("CARDEA_TRUSTED_PROXIES="+seen.String(), "the server takes the proxy at %s for the client", seen)
	default:
		v.ok("the server sees this machine at %s", seen)
	}
}

// recentEvents is how many events are searched for that of a request.
const recentEvents = 200

// addressOf is the address from which a failed login came, by its request id.
func (v *visit) addressOf(ctx context.Context, requestID string) (netip.Addr, bool) {
	events, err := v.Data.Events(ctx, "", recentEvents)
	i := slices.IndexFunc(events, func(e guard.Entry) bool { return e.RequestID == requestID && requestID != "" })
	if err != nil || i < 0 {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(events[i].IP)
	return ip, err == nil
}
