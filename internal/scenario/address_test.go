package scenario

import (
	"bufio"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

func TestPublicAddress(t *testing.T) {
	t.Parallel()
	https := func(c *cardea.Config) { c.PublicURL = "https://accounts.example.com" }
	t.Run("https", func(t *testing.T) {
		server := testkit.Start(t, https, func(c *cardea.Config) { c.CookieSameSite = "none" })
		client := server.Register(t, "ada@example.com")
		a := client.Upload("a.png", testkit.PNG(5, 5)).Want(200)
		if got := a.Envelope().Picture; !strings.HasPrefix(got, "https://accounts.example.com/uploads/") {
			t.Errorf("picture at %s", got)
		}
		if got := a.Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
			t.Errorf("HSTS %q", got)
		}
		cookie := client.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Header.Get("Set-Cookie")
		if !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "; SameSite=None") {
			t.Errorf("Set-Cookie: %s", cookie)
		}
	})
	t.Run("HSTS", func(t *testing.T) {
		for setting, want := range map[string]string{"host": "max-age=31536000", "subdomains": "max-age=31536000; includeSubDomains", "off": ""} {
			client := testkit.Start(t, https, func(c *cardea.Config) { c.HSTS = setting }).NewClient(t)
			client.Get("/healthz").WantHeaders(map[string]string{"Strict-Transport-Security": want})
			plain := testkit.Start(t, func(c *cardea.Config) { c.HSTS = setting }).NewClient(t)
			plain.Get("/healthz").WantHeaders(map[string]string{"Strict-Transport-Security": ""})
		}
	})
	t.Run("cookie domain", func(t *testing.T) {
		server := testkit.Start(t, https, testkit.Throttled, func(c *cardea.Config) { c.CookieDomain = "example.com" })
		client := server.NewClient(t)
		registered, loggedOut := client.Register("ada@example.com"), client.Post("/api/logout", nil).Want(200)
		if len(registered.Cookies) != 2 || len(loggedOut.Cookies) != 1 {
			t.Errorf("cookies %v, and %v at logout", registered.Cookies, loggedOut.Cookies)
		}
		for _, cookie := range append(registered.Cookies, loggedOut.Cookies...) { // also the one that clears it
			if cookie.Domain != "example.com" || cookie.Path != "/" || !cookie.Secure || !cookie.HttpOnly {
				t.Errorf("cookie %v", cookie)
			}
		}
	})
	t.Run("__Host- cookie", func(t *testing.T) {
		server := testkit.Start(t, https, func(c *cardea.Config) { c.CookieName = "__Host-session" })
		client := server.NewClient(t)
		set := client.Register("ada@example.com").Header.Get("Set-Cookie")
		if !strings.HasPrefix(set, "__Host-session=") || !strings.Contains(set, "; Secure") || !strings.Contains(set, "; Path=/") || strings.Contains(set, "Domain") {
			t.Errorf("Set-Cookie: %s", set)
		}
		pair, _, _ := strings.Cut(set, ";")
		client.Header.Set("Cookie", pair)
		client.Get("/api/user").Want(200)
		client.Header.Set("Cookie", strings.TrimPrefix(pair, "__Host-"))
		client.Get("/api/user").Want(401)
	})
	t.Run("forwarded headers of strangers are ignored", func(t *testing.T) {
		server := testkit.Start(t)
		client := server.NewClient(t)
		client.Header = forwarded()
		client.Register("ada@example.com")
		a := client.Upload("a.png", testkit.PNG(5, 5)).Want(200)
		if got := a.Envelope().Picture; !strings.HasPrefix(got, server.URL+"/") {
			t.Errorf("picture at %s", got)
		}
		if s := client.Get("/api/sessions").Envelope().Sessions; s[0].IP != "127.0.0.1" {
			t.Errorf("sessions %+v", s)
		}
	})
	t.Run("forwarded headers of a trusted proxy count", func(t *testing.T) {
		server := testkit.Start(t, proxied, func(c *cardea.Config) { c.ForwardedHost = "on" })
		client := server.NewClient(t)
		client.Header = forwarded()
		set := client.Register("ada@example.com").Header.Get("Set-Cookie")
		if !strings.Contains(set, "; Secure") {
			t.Errorf("Set-Cookie: %s", set)
		}
		a := client.Upload("a.png", testkit.PNG(5, 5)).Want(200)
		if got := a.Envelope().Picture; !strings.HasPrefix(got, "https://front.example.com/") {
			t.Errorf("picture at %s", got)
		}
		if s := client.Get("/api/sessions").Envelope().Sessions; s[0].IP != "203.0.113.7" {
			t.Errorf("sessions %+v", s)
		}
	})
}

func proxied(c *cardea.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("::ffff:127.0.0.0/104")} // 127.0.0.0/8
}

// X-Forwarded-Host of a trusted proxy counts only if a setting says that the proxy sets it.
// Many proxies pass on what the client sent.
func TestForwardedHost(t *testing.T) {
	for setting, host := range map[string]string{"": "host.example", "off": "host.example", "on": "front.example.com"} {
		server := testkit.Start(t, proxied, func(c *cardea.Config) { c.ForwardedHost = setting })
		ada := server.Register(t, "ada@example.com")
		r := withHost(t, "GET", server.URL+"/api/user", "host.example")
		r.Header = forwarded()
		r.Header.Set("Cookie", "session="+ada.Cookie)
		if got := ada.Do(r).Want(200).Envelope().User.Avatar; !strings.HasPrefix(got, "https://"+host+"/") {
			t.Errorf("setting %q: avatar at %s, want host %s", setting, got, host)
		}
	}
}

// Browsers name an origin in one form, clients and proxies in several. Pages of the server's
// own origin may always call, and links have that form.
func TestOwnOriginInAllForms(t *testing.T) {
	for _, c := range []struct{ public, host, forwarded, proto, origin string }{
		{"", "example.com", "", "", "http://example.com"},
		{"", "Example.COM", "", "", "http://example.com"},
		{"", "example.com:80", "", "", "http://example.com"},
		{"", "example.com.", "", "", "http://example.com"},
		{"", "example.com.:80", "", "", "http://example.com"},
		{"https://example.com.", "backend", "", "", "https://example.com"},
		{"", "backend", "example.com.:443", "https", "https://example.com"},
		{"", "[0:0::1]:80", "", "", "http://[::1]"},
		{"", "example.com:443", "", "https", "https://example.com"},
		{"", "xn--bcher-KVA.example", "", "", "http://xn--bcher-kva.example"},
		{"", "backend", "Bücher.example", "https", "https://xn--bcher-kva.example"},
		{"", "backend", "Front.example:0443", "https", "https://front.example"},
		{"https://Accounts.Example.com:443/", "backend", "", "", "https://accounts.example.com"},
		{"https://bücher.example/accounts", "backend", "", "", "https://xn--bcher-kva.example"},
		{"http://bücher.example:80", "backend", "", "", "http://xn--bcher-kva.example"},
	} {
		server := testkit.Start(t, proxied, func(cfg *cardea.Config) { cfg.PublicURL, cfg.ForwardedHost = c.public, "on" })
		ada := server.Register(t, "ada@example.com")
		send := func(method, path, origin string) *testkit.Answer {
			r := withHost(t, method, server.URL+path, c.host)
			r.Header = http.Header{
				"Origin": {origin}, "Cookie": {"session=" + ada.Cookie},
				"X-Forwarded-Host": {c.forwarded}, "X-Forwarded-Proto": {c.proto},
			}
			return ada.Do(r)
		}
		if got := send("GET", "/api/user", c.origin).Want(200).Envelope().User.Avatar; !strings.HasPrefix(got, c.origin+"/") {
			t.Errorf("%+v: avatar at %s", c, got)
		}
		send("POST", "/api/logout", c.origin+"x").WantError(403, "cross_origin")
		send("POST", "/api/logout", strings.Replace(c.origin, "://", "://x", 1)).WantError(403, "cross_origin")
		send("POST", "/api/logout", c.origin+":99").WantError(403, "cross_origin")
		if answer := send("POST", "/api/logout", c.origin); answer.Status != 200 {
			t.Errorf("%+v: %d %s", c, answer.Status, answer.Body)
		}
	}
}

func forwarded() http.Header {
	return http.Header{
		"X-Forwarded-For":   {"198.51.100.1, 203.0.113.7, 127.0.0.9"},
		"X-Forwarded-Proto": {"https"},
		"X-Forwarded-Host":  {"front.example.com"},
	}
}

// A Host header that would change the meaning of a link is refused.
func TestOddHosts(t *testing.T) {
	address := startServing(t)
	for host, status := range map[string]string{
		"example.com":   "401",
		"[::1]:5000":    "401",
		"a/b":           "400",
		"a%2fb":         "400",
		`a"b`:           "400",
		"user@evil.com": "400",
		"a?b":           "400",
	} {
		conn := testkit.Dial(t, address)
		_, _ = io.WriteString(conn, "GET /api/user HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.Contains(line, " "+status+" ") {
			t.Errorf("Host %s: %q (%v)", host, line, err)
		}
	}
}

// A Host longer than a DNS name is refused, because links contain it and answers with
// links stay in memory.
func TestHostIsAName(t *testing.T) {
	server := testkit.Start(t)
	client := server.NewClient(t)
	label := strings.Repeat("a", 62) + "."
	longest := strings.Repeat(label, 4) + "x:65535"
	client.Do(withHost(t, "GET", server.URL+"/healthz", longest)).Want(200)
	client.Do(withHost(t, "GET", server.URL+"/healthz", "x"+longest)).WantError(400, "malformed_request")
}
