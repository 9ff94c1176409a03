package web

import (
	"net/http"
	"slices"
	"strings"
)

// safety is what protects browsers: headers on every answer, and the refusal of
// what pages of other origins send.
type safety struct {
	crossOrigin    *http.CrossOriginProtection
	allowedOrigins []string
}

func newSafety(opt Options) safety {
	p := http.NewCrossOriginProtection()
	trusted := opt.AllowedOrigins
	if opt.PublicURL != nil {
		trusted = append(slices.Clone(trusted), opt.PublicURL.Scheme+"://"+opt.PublicURL.Host)
	}
	for _, origin := range trusted {
		if err := p.AddTrustedOrigin(origin); err != nil {
			panic(err) // the settings were checked before
		}
	}
	return safety{p, opt.AllowedOrigins}
}

// check refuses unsafe requests that a browser sends for a page of another origin
// than the server's public one. That may differ from the Host header behind a
// trusted proxy; then only the Origin of older browsers has to be compared again,
// since newer ones say themselves whether it is another site.
func (s *safety) check(r *http.Request, public func(*http.Request) string) error {
	if s.crossOrigin.Check(r) == nil {
		return nil
	}
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == public(r) {
		return nil
	}
	return errCrossOrigin
}

// Header values are made once; net/http only reads them.
var (
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noStore    = []string{"no-store"}
	sameOrigin = []string{"same-origin"}
	// Nothing of an answer in JSON is ever run or framed.
	apiCSP = []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
	// A page has its own style sheet and the person's picture, no script.
	pageCSP = []string{"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
	// A picture that is opened by itself can do nothing at all.
	pictureCSP = []string{"default-src 'none'; sandbox; frame-ancestors 'none'"}
	// A year, as OWASP ASVS 5.0 asks (3.4.1).
	hsts = []string{"max-age=31536000; includeSubDomains"}
)

// setHeaders gives every answer the strictest headers; actions relax them.
func (s *safety) setHeaders(h http.Header, https bool, origin string) {
	h["X-Content-Type-Options"] = noSniff
	h["Content-Security-Policy"] = apiCSP
	h["Referrer-Policy"] = noReferrer
	h["Cache-Control"] = noStore
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	if https {
		h["Strict-Transport-Security"] = hsts
	}
	if len(s.allowedOrigins) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	if s.allows(origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Expose-Headers", "Retry-After")
	}
}

func (s *safety) allows(origin string) bool { return slices.Contains(s.allowedOrigins, origin) }

// isPreflight tells whether a browser asks, for a page of an allowed origin,
// what that page may send (https://fetch.spec.whatwg.org/#cors-preflight-fetch).
func (s *safety) isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" &&
		s.allows(r.Header.Get("Origin"))
}

func (s *safety) preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", strings.Join([]string{"GET", "POST", "PATCH", "DELETE"}, ", "))
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
