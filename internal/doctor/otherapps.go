package doctor

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	// mostApps bounds how many other apps are asked.
	mostApps = 16
	// otherName ends a clash of two cookies.
	otherName = "CARDEA_COOKIE_NAME=accounts_session"
)

// checkOtherApps looks whether another app, or the proxy, sets a cookie with the name of the
// session's. It asks the home pages of the host and of the domains above it, and the apps
// that the settings name. Cookies that came before count too.
func (v *visit) checkOtherApps(ctx context.Context) {
	var asked []string
	for _, address := range v.otherApps() {
		if _, err := v.send(ctx, http.MethodGet, address, nil, 0, "Accept", "text/html"); err == nil { // there may be no such app
			asked = append(asked, address)
		}
	}
	for _, clash := range v.clashes {
		v.wrong(otherName, "%s: each app signs out the users of the other", clash)
	}
	if len(v.clashes) == 0 {
		v.ok("no other cookie named %s comes from %s", v.Settings.CookieName, strings.Join(asked, ", "))
	}
}

// noteCookies notes cookies with the name of the session's that Cardea did not set, one of
// each host. Of Cardea's answers to the doctor, only that to logout has one, see checkCookie.
func (v *visit) noteCookies(from *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.Name != v.Settings.CookieName || from.String() == v.address("/api/logout") || !v.shares(c, from.Hostname()) {
			continue
		}
		host := from.Scheme + "://" + from.Host
		if !slices.ContainsFunc(v.clashes, func(s string) bool { return strings.HasPrefix(s, host+"/") }) {
			v.clashes = append(v.clashes, host+from.Path+" sets "+inShort([]*http.Cookie{c}))
		}
	}
}

// shares reports whether browsers send a cookie of a host to Cardea, or Cardea's to that host.
func (v *visit) shares(c *http.Cookie, host string) bool {
	own, shared := v.URL.Hostname(), v.Settings.CookieDomain
	return host == own || c.Domain != "" && covers(c.Domain, own) || shared != "" && covers(strings.TrimPrefix(shared, "."), host)
}

// otherApps are addresses of apps with which Cardea may share cookies: those of its site.
func (v *visit) otherApps() (addresses []string) {
	add := func(u *url.URL) {
		if u.Path == "" {
			u.Path = "/"
		}
		if isSameSite(v.URL.Hostname(), u.Hostname()) && !slices.Contains(addresses, u.String()) && len(addresses) < mostApps {
			addresses = append(addresses, u.String())
		}
	}
	add(&url.URL{Scheme: v.URL.Scheme, Host: v.URL.Host})
	for _, text := range slices.Concat([]string{v.Settings.AppURL}, v.Settings.ReturnOrigins, v.Settings.AllowedOrigins) {
		if u, err := v.URL.Parse(text); err == nil {
			add(u)
		}
	}
	own := site(v.URL.Hostname())
	for parent := v.URL.Hostname(); own != "" && parent != own; {
		_, parent, _ = strings.Cut(parent, ".")
		add(&url.URL{Scheme: v.URL.Scheme, Host: parent})
	}
	return addresses
}
