package wire

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/token"
)

// Language is the best language of the signed-in user or else of the client, as a tag;
// empty if neither says.
func (r *Request) Language() string {
	if r.Session != nil && r.Session.User.Language != "" {
		return r.Session.User.Language
	}
	return r.language()
}

// language is the best language for the client, as a tag; empty if it does not say.
func (r *Request) language() string {
	wanted := r.HTTP.Header.Get("Accept-Language")
	if wanted == "" || r.wire.opt.Language == nil {
		return ""
	}
	return r.wire.opt.Language(wanted)
}

// linkAddress is what links in mails begin with. Without a public URL, the Host header counts
// only if it names this machine: a stranger who asks for somebody else's reset could send
// any other, and the link would bring the token to them. So the address that the request
// came to counts instead.
func (r *Request) linkAddress() string {
	if r.wire.opt.PublicURL != nil {
		return strings.TrimSuffix(r.wire.opt.PublicURL.String(), "/")
	}
	scheme := "http://"
	if r.wire.isHTTPS(r.HTTP) {
		scheme = "https://"
	}
	if IsLoopbackHost(r.HTTP.Host) {
		return scheme + r.HTTP.Host
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return scheme + local.String()
	}
	return scheme + "localhost"
}

// IsLoopbackHost reports whether a Host header names this machine.
func IsLoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, _ := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip.Unmap().IsLoopback()
}

const (
	// browserSuffix makes the name of the cookie of browsers that asked for mail out of the
	// session cookie's.
	browserSuffix = "-browser"
	// browserMaxAge is as long as a challenge lives that asks for the browser.
	browserMaxAge = 24 * time.Hour
)

// NameBrowser names the browser in [Request.Client], so that it is recognised when it comes
// back with what was sent by mail. A name that it has already is kept. If the request
// succeeds, [Request.SetBrowser] hands the name to it.
func (r *Request) NameBrowser() {
	if r.sent.browser = r.browser(); r.sent.browser == "" {
		r.sent.browser = token.New()
	}
}

// browser is the name of the browser; empty if it has none.
func (r *Request) browser() token.Token {
	if r.sent.browser != "" {
		return r.sent.browser
	}
	for cookies := r.cookies(); cookies.next(); {
		name, ok := strings.CutSuffix(cookies.name, browserSuffix)
		if value := token.Token(cookies.value); ok && name == r.wire.opt.CookieName && value.IsWellFormed() {
			return value
		}
	}
	return ""
}

// SetBrowser sets the cookie of [Request.NameBrowser].
func (r *Request) SetBrowser() {
	r.setCookie(r.wire.opt.CookieName+browserSuffix, string(r.sent.browser), browserMaxAge)
}

// IsDevelopment reports whether the development mailbox may be shown to the client: it is
// turned on, and the client is on this machine, without a proxy between.
func (r *Request) IsDevelopment() bool {
	if !r.wire.opt.Dev || !IsLoopbackHost(r.HTTP.Host) || !r.IP().IsLoopback() {
		return false
	}
	for _, header := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip"} {
		if r.HTTP.Header.Get(header) != "" {
			return false
		}
	}
	return true
}
