package doctor

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// checkCookie looks at a session cookie on its way to the browser. Signing out without a
// session sets one that is empty.
func (v *visit) checkCookie(ctx context.Context) {
	answer, err := v.ask(ctx, http.MethodPost, "/api/logout", nil)
	if err != nil {
		v.failed("POST /api/logout", err)
		return
	}
	if answer.status != http.StatusOK {
		v.wrong("let the proxy pass POST to Cardea unchanged", "POST /api/logout answers %d %s", answer.status, answer.body.Code)
		return
	}
	name := v.Settings.CookieName
	sessions := slices.DeleteFunc(slices.Clone(answer.cookies), func(c *http.Cookie) bool { return c.Name != name })
	switch {
	case len(answer.cookies) == 0:
		v.wrong("let the proxy pass Set-Cookie to browsers", "no cookie comes back, so nobody can stay signed in")
		return
	case len(sessions) == 0:
		v.wrong("run cardea doctor with the settings of the server",
			"the cookie is named %s, and by the settings here %s", answer.cookies[0].Name, name)
		return
	case len(sessions) > 1:
		v.wrong(otherName, "POST /api/logout sets %d cookies named %s, of which one is Cardea's: %s", len(sessions), name, inShort(sessions))
		return
	case sessions[0].Value != "":
		v.wrong(otherName, "the proxy or an app replaces Cardea's cookie %s by its own: %s", name, inShort(sessions))
		return
	}
	before := len(v.findings)
	v.judge(sessions[0])
	if len(v.findings) == before {
		v.ok("%s", sessions[0].Raw)
	}
	v.checkReach(sessions[0].Domain)
}

// inShort are cookies without their values, which may be secret.
func inShort(cookies []*http.Cookie) string {
	var all []string
	for _, c := range cookies {
		_, attributes, _ := strings.Cut(c.Raw, ";")
		all = append(all, c.Name+"=…;"+attributes)
	}
	return strings.Join(all, " and ")
}

// judge reports attributes with which browsers drop the cookie, or protect it less.
func (v *visit) judge(c *http.Cookie) {
	const untouched = "let the proxy pass Set-Cookie unchanged (proxy_cookie_path, proxy_cookie_flags in nginx)"
	sameSite := map[string]http.SameSite{"lax": http.SameSiteLaxMode, "strict": http.SameSiteStrictMode, "none": http.SameSiteNoneMode}
	isHTTPS := v.URL.Scheme == "https"
	if isHTTPS && !c.Secure {
		v.wrong("CARDEA_PUBLIC_URL="+v.URL.String(), "the cookie is not Secure, although users come by https")
	}
	if !isHTTPS && c.Secure {
		v.wrong("CARDEA_PUBLIC_URL="+v.URL.String(), "the cookie is Secure, so browsers drop it without https")
	}
	if !c.HttpOnly {
		v.wrong(untouched, "the cookie is not HttpOnly, so scripts can read it")
	}
	if c.Path != "/" {
		v.wrong(untouched, "the cookie has the path %q instead of /", c.Path)
	}
	if c.SameSite != sameSite[v.Settings.CookieSameSite] {
		v.wrong(untouched, "the cookie is not SameSite=%s, as the settings say", v.Settings.CookieSameSite)
	}
	if c.RawExpires != "" || c.Partitioned || len(c.Unparsed) > 0 {
		v.wrong(untouched, "the cookie has attributes that Cardea does not set: %s", c.Raw)
	}
	if c.Domain != "" && !covers(c.Domain, v.URL.Hostname()) {
		v.wrong("CARDEA_COOKIE_DOMAIN="+site(v.URL.Hostname()),
			"browsers drop the cookie: its domain %s does not include %s", c.Domain, v.URL.Hostname())
	} else if c.Domain != strings.TrimPrefix(v.Settings.CookieDomain, ".") {
		v.wrong(untouched, "the cookie has the domain %q, and by the settings %q", c.Domain, v.Settings.CookieDomain)
	}
}

// checkReach tells of apps to which the pages lead, and browsers do not send the cookie.
func (v *visit) checkReach(domain string) {
	for _, address := range append(slices.Clone(v.Settings.ReturnOrigins), v.Settings.AppURL) {
		app, err := url.Parse(address)
		if err != nil || app.Host == "" || app.Hostname() == v.URL.Hostname() || domain != "" && covers(domain, app.Hostname()) {
			continue
		}
		change := "put the app on the same site as Cardea"
		if own := site(v.URL.Hostname()); own != "" && isSameSite(v.URL.Hostname(), app.Hostname()) {
			change = "CARDEA_COOKIE_DOMAIN=" + own
		}
		v.note(change,
			"browsers do not send the session to %s itself; it needs that behind forward-auth, and not if its pages call the API", app.Hostname())
	}
}

// covers reports whether browsers send a cookie of a domain to a host.
func covers(domain, host string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain) && !isIP(host)
}

// site is the shortest domain that the owner of a host has; empty for addresses and single
// names. Browsers take all its hosts for one site.
func site(host string) string {
	if isIP(host) {
		return ""
	}
	own, _ := publicsuffix.EffectiveTLDPlusOne(host)
	return own
}

// isSameSite reports whether browsers take two hosts for the same site, if the schemes are
// the same (https://html.spec.whatwg.org/#same-site).
func isSameSite(a, b string) bool { return a == b || site(a) != "" && site(a) == site(b) }

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	ip, _ := netip.ParseAddr(host)
	return host == "localhost" || ip.Unmap().IsLoopback()
}
