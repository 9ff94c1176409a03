package doctor

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// mostApps bounds how many other apps are asked.
const mostApps = 16

// checkOtherApps looks whether another app sets a cookie with the name of the session's,
// which browsers would send to Cardea as well. It asks the apps that the settings name, and
// the home pages of the host and of the domains above it.
func (v *visit) checkOtherApps(ctx context.Context) {
	asked, found := 0, false
	for _, address := range v.otherApps() {
		answer, err := v.send(ctx, http.MethodGet, address, nil, 0, "Accept", "text/html")
		if err != nil {
			continue // there may be no such app
		}
		asked++
		isSession := func(c *http.Cookie) bool { return c.Name == v.Settings.CookieName }
		if slices.ContainsFunc(answer.cookies, isSession) {
			found = true
			v.wrong("CARDEA_COOKIE_NAME=accounts_session",
				"%s sets a cookie named %s too: each app signs out the users of the other", address, v.Settings.CookieName)
		}
	}
	switch {
	case asked == 0:
		v.ok("no other app is known with which Cardea shares cookies")
	case !found:
		v.ok("no other app sets a cookie named %s", v.Settings.CookieName)
	}
}

// otherApps are addresses of apps with which Cardea may share cookies.
func (v *visit) otherApps() (addresses []string) {
	host := v.URL.Hostname()
	add := func(u *url.URL) {
		// A cookie of another host comes only if that host is above, or both share a domain.
		above := covers(u.Hostname(), host)
		shared := v.Settings.CookieDomain != "" && covers(v.Settings.CookieDomain, u.Hostname())
		if (above || shared) && !slices.Contains(addresses, u.String()) && len(addresses) < mostApps {
			addresses = append(addresses, u.String())
		}
	}
	if strings.Trim(v.URL.Path, "/") != "" {
		add(&url.URL{Scheme: v.URL.Scheme, Host: v.URL.Host, Path: "/"})
	}
	for _, text := range slices.Concat(v.Settings.AllowedOrigins, v.Settings.ReturnOrigins, []string{v.Settings.AppURL}) {
		if u, err := url.Parse(text); err == nil && u.Host != "" && u.Host != v.URL.Host {
			add(&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"})
		}
	}
	own := site(host)
	for parent := host; own != "" && parent != own; {
		_, parent, _ = strings.Cut(parent, ".")
		add(&url.URL{Scheme: v.URL.Scheme, Host: parent, Path: "/"})
	}
	return addresses
}
