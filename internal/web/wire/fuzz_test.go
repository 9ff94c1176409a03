package wire

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Of any cookies, only what can be a token is taken for one.
func FuzzCookies(f *testing.F) {
	for _, header := range []string{
		"session=ABCDEFGHIJKLMNOPQRSTUVWXYZ", "a=b; session=\"ABCDEFGHIJKLMNOPQRSTUVWXYZ\"; session=x",
		"session", "=;=;", "session=eyJ.x.y; session=ABCDEFGHIJKLMNOPQRSTUVWX23", "session-device=a.b.c", "\x00\xff;;",
	} {
		f.Add(header)
	}
	wire := New(nil, Options{CookieName: "session", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Cookie": {header}}}
		req := wire.Peek(nil, r)
		req.readTokens()
		for _, token := range append(req.sent.others, req.sent.token) {
			if token != "" && (!token.IsWellFormed() || !strings.Contains(header, string(token))) {
				t.Errorf("a token of %d bytes from %q", len(token), header)
			}
		}
		for _, device := range req.devices() {
			if !device.IsWellFormed() || !strings.Contains(header, string(device)) {
				t.Errorf("a device from %q", header)
			}
		}
	})
}

// Any forwarded headers lead to links with a host and to a client with an address.
func FuzzForwarded(f *testing.F) {
	f.Add("203.0.113.7, 10.0.0.1", "https", "front.example.com")
	f.Add("[2001:db8::1]:99,1.2.3.4:5", "HTTPS, http", "a, b:1")
	f.Add("unknown, fe80::1%eth0", "javascript", "evil.com/x?y#z@")
	f.Add(",,,", "", "\x00")
	wire := New(nil, Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, ForwardedHost: true, Now: time.Now})
	f.Fuzz(func(t *testing.T, chain, proto, host string) {
		r := &http.Request{RemoteAddr: "10.0.0.9:1234", Host: "back.example.com", URL: &url.URL{}, Header: http.Header{
			"X-Forwarded-For": {chain}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host},
		}}
		if ip := wire.Peek(nil, r).IP(); !ip.IsValid() || ip.Zone() != "" {
			t.Errorf("client %v of %q", ip, chain)
		}
		address := wire.PublicAddress(r)
		rest, isHTTP := strings.CutPrefix(strings.TrimPrefix(address, "https://"), "http://")
		if !isHTTP && !strings.HasPrefix(address, "https://") || rest == "" || strings.ContainsAny(rest, "/?#@ \\\"<>") {
			t.Errorf("address %q of %q and %q", address, proto, host)
		}
	})
}
