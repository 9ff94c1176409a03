package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// checkOrigins asks as pages of the server, of each allowed origin, and of another one do.
func (v *visit) checkOrigins(ctx context.Context) {
	v.checkOwnOrigin(ctx)
	for _, origin := range v.Settings.AllowedOrigins {
		v.checkAllowed(ctx, origin)
	}
	stranger := "https://" + madeUp
	answer, err := v.ask(ctx, http.MethodGet, "/api/user", nil, "Origin", stranger)
	if err != nil {
		v.failed("/api/user", err)
		return
	}
	if allowed := answer.header.Values("Access-Control-Allow-Origin"); len(allowed) > 0 {
		v.wrong("remove Access-Control-Allow-Origin from the proxy",
			"pages of any origin get Access-Control-Allow-Origin: %s", strings.Join(allowed, ", "))
	} else {
		v.ok("other origins are not allowed")
	}
}

// checkOwnOrigin asks as an older browser does, which sends Origin and no Sec-Fetch-Site.
func (v *visit) checkOwnOrigin(ctx context.Context) {
	own := v.URL.Scheme + "://" + v.URL.Host
	answer, err := v.ask(ctx, http.MethodPost, "/api/logout", nil, "Origin", own)
	switch {
	case err != nil:
		v.failed("POST /api/logout", err)
	case answer.body.Code == "cross_origin":
		v.wrong("CARDEA_PUBLIC_URL="+v.URL.String(), "the server refuses pages of its own origin %s", own)
	}
}

func (v *visit) checkAllowed(ctx context.Context, origin string) {
	preflight, err := v.ask(ctx, http.MethodOptions, "/api/login", nil, "Origin", origin,
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if err != nil {
		v.failed("OPTIONS /api/login", err)
		return
	}
	answer, err := v.ask(ctx, http.MethodGet, "/api/user", nil, "Origin", origin)
	if err != nil {
		v.failed("/api/user", err)
		return
	}
	for _, r := range []reply{preflight, answer} {
		allowed, withCookie := r.header.Values("Access-Control-Allow-Origin"), r.header.Values("Access-Control-Allow-Credentials")
		switch {
		case len(allowed) == 0:
			v.wrong("CARDEA_ALLOWED_ORIGINS="+origin, "pages of %s may not call (status %d)", origin, r.status)
			return
		case len(allowed) > 1 || len(withCookie) > 1 || allowed[0] != origin:
			v.wrong("remove Access-Control-Allow-… from the proxy",
				"browsers refuse the answers to %s: Access-Control-Allow-Origin is %s", origin, strings.Join(allowed, ", "))
			return
		case len(withCookie) == 0:
			v.wrong("let the proxy pass Access-Control-Allow-… unchanged",
				"browsers refuse the answers to %s: Access-Control-Allow-Credentials is missing", origin)
			return
		}
	}
	if app, err := url.Parse(origin); err == nil && !(app.Scheme == v.URL.Scheme && isSameSite(app.Hostname(), v.URL.Hostname())) && v.Settings.CookieSameSite != "none" {
		v.wrong("CARDEA_COOKIE_SAMESITE=none",
			"pages of %s may call, but browsers send no cookie: it is another site, and the cookie is SameSite=%s", origin, v.Settings.CookieSameSite)
		return
	}
	v.ok("pages of %s may call", origin)
}
