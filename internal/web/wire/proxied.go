package wire

import "net/http"

// The headers in which proxies describe the request that they ask about. Those of nginx
// have the whole address, those of Caddy and Traefik its parts.
const (
	originalURL     = "X-Original-Url"
	forwardedURI    = "X-Forwarded-Uri"
	forwardedMethod = "X-Forwarded-Method"
)

// ProxiedNext is the address of the request about which a trusted proxy asks, if a browser
// may return there; empty otherwise.
func (r *Request) ProxiedNext() string {
	if address := r.fromProxy(originalURL); address != "" {
		return r.mayReturn(address)
	}
	address := r.fromProxy(forwardedURI)
	if host := r.wire.forwarded(r.HTTP, "X-Forwarded-Host"); host != "" && address != "" {
		scheme := "http://"
		if r.wire.forwarded(r.HTTP, "X-Forwarded-Proto") == "https" {
			scheme = "https://"
		}
		address = scheme + host + address
	}
	return r.mayReturn(address)
}

// fromProxy returns a header of a trusted proxy. Addresses may have commas, so it is not
// split.
func (r *Request) fromProxy(header string) string {
	values := r.HTTP.Header[header]
	if len(values) == 0 || !r.wire.trusts(peer(r.HTTP)) {
		return ""
	}
	return values[len(values)-1]
}

// IsNavigation reports whether a browser asks for a page that it is going to show. Behind a
// proxy it is about the browser's request.
func (r *Request) IsNavigation() bool {
	method := r.HTTP.Method
	if original := r.fromProxy(forwardedMethod); original != "" {
		method = original
	}
	mode := r.HTTP.Header.Get("Sec-Fetch-Mode") // older browsers do not send it
	return (method == http.MethodGet || method == http.MethodHead) && (mode == "" || mode == "navigate") && r.PrefersHTML()
}

// SignInPage is the absolute address of the page to sign in, which leads on to an address.
func (r *Request) SignInPage(next string) string { return withNext(r.PublicAddress()+"/login", next) }
