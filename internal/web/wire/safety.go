package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cardea-accounts/cardea/internal/text"
)

// safety protects browsers: it sets headers on every answer, and refuses what pages
// of other origins send.
type safety struct {
	crossOrigin *http.CrossOriginProtection
	allowed     []string // origins
	hsts        []string // the header's value; nil: not sent
	formCSP     []string // of a page with a form
	refused     *notes   // origins
	unmet       *notes   // preflights of allowed origins
}

func newSafety(opt Options) safety {
	p := http.NewCrossOriginProtection()
	trusted := opt.AllowedOrigins
	if opt.PublicURL != nil {
		trusted = append(slices.Clone(trusted), opt.PublicURL.Scheme+"://"+opt.PublicURL.Host)
	}
	for _, origin := range trusted {
		if err := p.AddTrustedOrigin(origin); err != nil {
			panic(err) // the settings were validated
		}
	}
	return safety{
		crossOrigin: p, allowed: opt.AllowedOrigins, hsts: hstsValue(opt.HSTS), formCSP: formCSP(opt),
		refused: newNotes(), unmet: newNotes(),
	}
}

// formCSP is the policy of a page with a form. It has scripts of its own as well, and posts
// to this server. Browsers want the policy to allow the redirect after that, too.
func formCSP(opt Options) []string {
	to := "'self'"
	for _, origin := range slices.Concat(opt.ReturnOrigins, originOfURL(opt.AppURL)) {
		to += " " + origin
	}
	pictures := strings.TrimSpace("'self' " + opt.PictureOrigin)
	return []string{"default-src 'none'; style-src 'self'; script-src 'self'; img-src " + pictures + "; connect-src 'self'; frame-src 'self'; " +
		"base-uri 'none'; form-action " + to + "; frame-ancestors 'none'"}
}

// originOfURL is the origin of an absolute address; none for a path.
func originOfURL(address string) []string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return []string{u.Scheme + "://" + u.Host}
	}
	return nil
}

// hstsValue is the header for a setting: a year, as OWASP ASVS 5.0 asks (3.4.1).
func hstsValue(setting string) []string {
	switch setting {
	case "off":
		return nil
	case "subdomains":
		return []string{"max-age=31536000; includeSubDomains"}
	}
	return []string{"max-age=31536000"}
}

// checkOrigin refuses unsafe requests that a browser sends for a page of another
// origin than the public one. Behind a trusted proxy, the public origin may differ
// from the Host header. Older browsers send only Origin, which is compared again
// with the public address; newer ones say themselves whether it is another site.
func (r *Request) checkOrigin() error {
	h := r.HTTP.Header
	if r.isPreflight() {
		if r.wire.safety.allows(h.Get("Origin")) {
			return nil
		}
	} else if r.wire.safety.crossOrigin.Check(r.HTTP) == nil {
		return nil
	}
	if h.Get("Sec-Fetch-Site") == "" && r.isOwn(h.Get("Origin")) {
		return nil
	}
	r.noteRefusedOrigin()
	return errCrossOrigin
}

// isOwn compares an origin with the public one, both in normal form.
func (r *Request) isOwn(origin string) bool {
	scheme, host, _ := strings.Cut(origin, "://")
	https := strings.EqualFold(scheme, "https")
	host, ok := text.Host(host, https)
	if !ok || host == "" || !https && !strings.EqualFold(scheme, "http") {
		return false
	}
	own := Origin{r.wire.isHTTPS(r.HTTP), ""}
	if public := r.wire.opt.PublicURL; public != nil {
		own.host = public.Host
	} else {
		own.host = r.wire.host(r.HTTP, own.https)
	}
	return own == Origin{https, host}
}

// isPreflight reports whether a browser asks what a page of another origin may send
// (https://fetch.spec.whatwg.org/#cors-preflight-fetch).
func (r *Request) isPreflight() bool {
	h := r.HTTP.Header
	return r.HTTP.Method == http.MethodOptions && h.Get("Origin") != "" && h.Get("Access-Control-Request-Method") != ""
}

// What pages of allowed origins may send. No action reads any of these headers but
// Content-Type; common clients add the others to every request.
var (
	crossMethods = []string{"GET", "POST", "PATCH", "DELETE"}
	crossHeaders = []string{"Content-Type", "X-Requested-With", "Cache-Control", "Pragma"}

	allowMethods = []string{strings.Join(crossMethods, ", ")}
	allowHeaders = []string{strings.Join(crossHeaders, ", ")}
	allowFor     = []string{"600"} // seconds
)

// AnswerPreflight answers the preflight of an allowed origin. It returns false for
// all other requests.
func (r *Request) AnswerPreflight() bool {
	if !r.isPreflight() || !r.wire.safety.allows(r.HTTP.Header.Get("Origin")) {
		return false
	}
	r.notePreflight()
	h := r.Header()
	h["Access-Control-Allow-Methods"] = allowMethods
	h["Access-Control-Allow-Headers"] = allowHeaders
	h["Access-Control-Max-Age"] = allowFor
	r.WriteHeader(http.StatusNoContent)
	return true
}

func (s *safety) allows(origin string) bool { return slices.Contains(s.allowed, origin) }

// Header values are made once; net/http only reads them.
var (
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noStore    = []string{"no-store"}
	sameOrigin = []string{"same-origin"}
	anyOrigin  = []string{"cross-origin"}
	htmlType   = []string{"text/html; charset=utf-8"}
	// JSON is never run or framed.
	apiCSP = []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
	// A page has its own style sheet and pictures, and no script.
	pageCSP = []string{"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
	// A mail shows in a frame of the development mailbox. It has its styles in itself, and
	// can do nothing but open links.
	mailCSP = []string{"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
		"sandbox allow-popups allow-popups-to-escape-sandbox"}
	// A picture that is opened by itself can do nothing.
	pictureCSP = []string{"default-src 'none'; sandbox; frame-ancestors 'none'"}

	revalidate = []string{"public, no-cache"}
	briefly    = []string{"public, max-age=300"}
	forever    = []string{"public, max-age=31536000, immutable"}
)

// setStrictHeaders sets what every answer has, unless its action relaxes it.
func setStrictHeaders(h http.Header) {
	h["X-Content-Type-Options"] = noSniff
	h["Content-Security-Policy"] = apiCSP
	h["Referrer-Policy"] = noReferrer
	h["Cache-Control"] = noStore
	h["Cross-Origin-Resource-Policy"] = sameOrigin
}

// setSafetyHeaders gives the answer the strictest headers; actions relax them.
func (r *Request) setSafetyHeaders() {
	h, s := r.Header(), &r.wire.safety
	setStrictHeaders(h)
	if s.hsts != nil && r.wire.isHTTPS(r.HTTP) {
		h["Strict-Transport-Security"] = s.hsts
	}
	if len(s.allowed) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	if origin := r.HTTP.Header.Get("Origin"); s.allows(origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
	}
}

// AsPage relaxes the headers for an HTML page.
func (r *Request) AsPage() {
	h := r.Header()
	h["Content-Type"] = htmlType
	h["Content-Security-Policy"] = pageCSP
	h["Cross-Origin-Opener-Policy"] = sameOrigin
}

// AsForm relaxes the headers for an HTML page with a form.
func (r *Request) AsForm() {
	r.AsPage()
	r.Header()["Content-Security-Policy"] = r.wire.safety.formCSP
}

// AsMail relaxes the headers for the HTML of a mail in a frame of this server.
func (r *Request) AsMail() {
	r.AsPage()
	r.Header()["Content-Security-Policy"] = mailCSP
}

// AsPicture relaxes the headers for a picture that pages of any origin may show.
func (r *Request) AsPicture() {
	h := r.Header()
	h["Content-Security-Policy"] = pictureCSP
	h["Cross-Origin-Resource-Policy"] = anyOrigin
}

// CacheRevalidated lets caches keep the answer, if they ask each time whether it has changed.
func (r *Request) CacheRevalidated() { r.Header()["Cache-Control"] = revalidate }

// CacheBriefly lets caches keep the answer for five minutes.
func (r *Request) CacheBriefly() { r.Header()["Cache-Control"] = briefly }

// CacheForever lets caches keep the answer; another content has another address.
func (r *Request) CacheForever() { r.Header()["Cache-Control"] = forever }
