package scenario

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// letters is an endless text.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func readerOf(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }

// serveOn runs a server with Serve, as the command does, and returns its address.
func serveOn(t *testing.T) string {
	t.Helper()
	server, err := cardea.New(cardea.Config{Data: t.TempDir(), Argon2Memory: 64, Argon2Time: 1})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func TestEveryAnswerIsSafeInABrowser(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	avatar := face(t, client)
	picture := path(t, client.Upload("a.png", pngOf(5, 5)))
	public := map[string]bool{picture: true, picture + "?size=64": true, avatar: true}
	for _, c := range []struct{ method, path string }{
		{"GET", "/api/user"}, {"GET", "/"}, {"GET", "/none"}, {"PUT", "/api/user"}, {"GET", "/api/sessions"},
		{"GET", "/healthz"}, {"GET", "/readyz"}, {"GET", picture}, {"GET", picture + "?size=64"}, {"GET", avatar}, {"GET", "/uploads/none"}, {"GET", "/avatars/none"}, {"GET", picture + "?size=1"}, {"POST", "/api/login"},
		{"GET", "/static/cardea.css"}, {"GET", "/openapi.json"}, {"GET", "/docs"}, {"GET", "/api/../api/user"},
	} {
		h := client.Send(c.method, c.path, "", nil).Header
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
			h.Get("Referrer-Policy") != "no-referrer" || h.Get("Content-Type") == "" {
			t.Errorf("%s %s: headers %v", c.method, c.path, h)
		}
		cached := public[c.path] || c.path == "/openapi.json" || c.path == "/docs" || strings.HasPrefix(c.path, "/static/")
		if !cached && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: Cache-Control %q", c.method, c.path, h.Get("Cache-Control"))
		}
		if shared := h.Get("Cross-Origin-Resource-Policy") == "cross-origin"; shared != public[c.path] || h.Get("Cross-Origin-Resource-Policy") == "" {
			t.Errorf("%s %s: Cross-Origin-Resource-Policy %q", c.method, c.path, h.Get("Cross-Origin-Resource-Policy"))
		}
		if h.Get("Server") != "" || h.Get("Strict-Transport-Security") != "" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s: headers %v", c.method, c.path, h)
		}
	}
}

// GET / is JSON for programs and a page for browsers.
func TestHomePage(t *testing.T) {
	server := testkit.Start(t)
	client := server.NewClient(t)
	for accept, page := range map[string]bool{
		"":                                  false,
		"*/*":                               false,
		"application/json, text/plain, */*": false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true,
		"text/html":                                true,
		"text/html;q=0.5, application/json":        false,
		"application/json;q=0.1, TEXT/HTML ;q=0.2": true,
		"text/html;q=0":                            false,
	} {
		client.Header = http.Header{"Accept": {accept}}
		a := client.Get("/")
		if got := strings.HasPrefix(a.Header.Get("Content-Type"), "text/html"); got != page || !page && a.Status != 401 || page && a.Status != 200 {
			t.Errorf("Accept %q: status %d, %s", accept, a.Status, a.Header.Get("Content-Type"))
		}
	}
	client.Header = http.Header{"Accept": {"text/html"}}
	client.Post("/api/register", testkit.Person("<b>Ada</b>", "ada@example.com", "simplepass")).Want(201)
	page := client.Get("/").Want(200)
	if !strings.Contains(string(page.Body), "&lt;b&gt;Ada&lt;/b&gt;") {
		t.Errorf("the page: %s", page.Body)
	}
	if csp := page.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("the page's CSP: %s", csp)
	}
	client.Header = http.Header{}
	client.Get("/").Want(200).WantBody(`{"status":"success","user":{"name":"<b>Ada</b>","email":"ada@example.com"}}`)
}

// Pages of other origins can change nothing, unless the operator lets them.
func TestOtherOrigins(t *testing.T) {
	const app, other = "https://app.example.com", "https://evil.example.com"
	server := testkit.Start(t, func(c *cardea.Config) { c.AllowedOrigins = []string{app} })
	server.Register(t, "ada@example.com")
	login := func(header http.Header) *testkit.Answer {
		client := server.NewClient(t)
		client.Header = header
		return client.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass"))
	}
	login(http.Header{"Sec-Fetch-Site": {"same-origin"}}).Want(200)
	login(http.Header{"Sec-Fetch-Site": {"none"}}).Want(200)
	login(http.Header{"Origin": {server.URL}}).Want(200)
	for _, header := range []http.Header{
		{"Origin": {other}},
		{"Origin": {"null"}},
		{"Origin": {other}, "Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"same-site"}},
		{"Origin": {app + ".evil.example.com"}},
		{"Origin": {"http://app.example.com"}},
		{"Origin": {app + ":444"}},
		{"Origin": {strings.ToUpper(app)}},
	} {
		a := login(header)
		a.WantError(403, "cross_origin")
		if a.Cookie != nil || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%v: headers %v", header, a.Header)
		}
	}

	a := login(http.Header{"Origin": {app}, "Sec-Fetch-Site": {"cross-site"}}).Want(200)
	if h := a.Header; h.Get("Access-Control-Allow-Origin") != app || h.Get("Access-Control-Allow-Credentials") != "true" || h.Get("Vary") != "Origin" {
		t.Errorf("an allowed origin: headers %v", h)
	}
	client := server.NewClient(t)
	client.Header = http.Header{"Origin": {app}, "Access-Control-Request-Method": {"PATCH"}, "Access-Control-Request-Headers": {"content-type"}}
	preflight := client.Send("OPTIONS", "/api/user", "", nil).Want(204)
	if h := preflight.Header; h.Get("Access-Control-Allow-Origin") != app || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "PATCH") ||
		h.Get("Access-Control-Allow-Headers") != "Content-Type" {
		t.Errorf("preflight: headers %v", h)
	}
	client.Header.Set("Origin", other)
	if h := client.Send("OPTIONS", "/api/user", "", nil).Want(405).Header; h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of another: headers %v", h)
	}
}

// Every route that changes something refuses other origins.
func TestOtherOriginsOnEveryRoute(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	client.Header.Set("Sec-Fetch-Site", "cross-site")
	for _, c := range []struct{ method, path string }{
		{"POST", "/api/register"}, {"POST", "/api/login"}, {"POST", "/login"}, {"POST", "/api/logout"}, {"PATCH", "/api/user"},
		{"POST", "/api/password"}, {"DELETE", "/api/sessions"}, {"DELETE", "/api/sessions/x"}, {"POST", "/api/upload-picture"},
		{"POST", "/upload_profile_pic"}, {"DELETE", "/api/upload-picture"},
	} {
		client.Send(c.method, c.path, "", nil).WantError(403, "cross_origin")
	}
	client.Get("/api/user").Want(200)
}

func TestPublicAddress(t *testing.T) {
	https := func(c *cardea.Config) { c.PublicURL = "https://accounts.example.com" }
	t.Run("https", func(t *testing.T) {
		server := testkit.Start(t, https, func(c *cardea.Config) { c.CookieSameSite = "none" })
		client := server.Register(t, "ada@example.com")
		a := client.Upload("a.png", pngOf(5, 5)).Want(200)
		if got := a.Envelope().Picture; !strings.HasPrefix(got, "https://accounts.example.com/uploads/") {
			t.Errorf("picture at %s", got)
		}
		if got := a.Header.Get("Strict-Transport-Security"); got != "max-age=31536000; includeSubDomains" {
			t.Errorf("HSTS %q", got)
		}
		cookie := client.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Header.Get("Set-Cookie")
		if !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "; SameSite=None") {
			t.Errorf("Set-Cookie: %s", cookie)
		}
	})
	t.Run("__Host- cookie", func(t *testing.T) {
		server := testkit.Start(t, https, func(c *cardea.Config) { c.CookieName = "__Host-session" })
		client := server.NewClient(t)
		set := client.Post("/api/register", testkit.Person("a", "ada@example.com", "simplepass")).Want(201).Header.Get("Set-Cookie")
		if !strings.HasPrefix(set, "__Host-session=") || !strings.Contains(set, "; Secure") || !strings.Contains(set, "; Path=/") || strings.Contains(set, "Domain") {
			t.Errorf("Set-Cookie: %s", set)
		}
		pair, _, _ := strings.Cut(set, ";")
		client.Header.Set("Cookie", pair)
		client.Get("/api/user").Want(200)
		client.Header.Set("Cookie", strings.TrimPrefix(pair, "__Host-"))
		client.Get("/api/user").Want(401)
	})
	t.Run("forwarded headers of strangers do not count", func(t *testing.T) {
		server := testkit.Start(t)
		client := server.NewClient(t)
		client.Header = forwarded()
		client.Post("/api/register", testkit.Person("a", "ada@example.com", "simplepass")).Want(201)
		a := client.Upload("a.png", pngOf(5, 5)).Want(200)
		if got := a.Envelope().Picture; !strings.HasPrefix(got, server.URL+"/") {
			t.Errorf("picture at %s", got)
		}
		if s := client.Get("/api/sessions").Envelope().Sessions; s[0].IP != "127.0.0.1" {
			t.Errorf("sessions %+v", s)
		}
	})
	t.Run("those of a trusted proxy do", func(t *testing.T) {
		server := testkit.Start(t, func(c *cardea.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
		client := server.NewClient(t)
		client.Header = forwarded()
		set := client.Post("/api/register", testkit.Person("a", "ada@example.com", "simplepass")).Want(201).Header.Get("Set-Cookie")
		if !strings.Contains(set, "; Secure") {
			t.Errorf("Set-Cookie: %s", set)
		}
		a := client.Upload("a.png", pngOf(5, 5)).Want(200)
		if got := a.Envelope().Picture; !strings.HasPrefix(got, "https://front.example.com/") {
			t.Errorf("picture at %s", got)
		}
		if s := client.Get("/api/sessions").Envelope().Sessions; s[0].IP != "203.0.113.7" {
			t.Errorf("sessions %+v", s)
		}
	})
}

func forwarded() http.Header {
	return http.Header{
		"X-Forwarded-For":   {"198.51.100.1, 203.0.113.7, 127.0.0.9"},
		"X-Forwarded-Proto": {"https"},
		"X-Forwarded-Host":  {"front.example.com"},
	}
}

// A Host header that could mean something else inside a link is refused.
func TestOddHosts(t *testing.T) {
	address := serveOn(t)
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
		line, err := readerOf(conn).ReadString('\n')
		if err != nil || !strings.Contains(line, " "+status+" ") {
			t.Errorf("Host %s: %q (%v)", host, line, err)
		}
	}
}

// Nothing secret is ever logged.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.LogRequests = "all" })
	client := server.Register(t, "ada@example.com")
	tokens := []string{client.Cookie}
	client.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
	tokens = append(tokens, client.Cookie)
	client.Post("/api/password", change("simplepass", "another one")).Want(200)
	tokens = append(tokens, client.Cookie)
	client.Send("POST", "/api/login", "application/json", []byte(`{"email":"ada@example.com","password":8675309111}`)).Want(400)
	client.Send("GET", "/api/user?password=simplepass", "", nil).Want(200)
	log := server.Log.String()
	if n := strings.Count(log, `"msg":"request"`); n != 5 || strings.Count(log, `"msg":"event"`) != 4 {
		t.Errorf("%d lines of log for 5 requests and 4 events:\n%s", n, log)
	}
	for _, secret := range append(tokens, "simplepass", "another one", "8675309111") {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
}

// By default, reading is not logged, unless with a session that is none.
func TestLogOfEvents(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	client.Get("/api/user").Want(200)
	client.Get("/none").Want(404)
	server.NewClient(t).Get("/api/user").Want(401)
	log := server.Log.String()
	if strings.Count(log, `"msg":"request"`) != 1 || !strings.Contains(log, `"route":"/api/register"`) || !strings.Contains(log, `"status":201`) {
		t.Errorf("the log:\n%s", log)
	}
	client.Cookie = strings.Repeat("A", 26)
	client.Get("/api/user").Want(401)
	if refused := strings.TrimPrefix(server.Log.String(), log); !strings.Contains(refused, `"status":401`) || !strings.Contains(refused, `"code":"not_logged_in"`) {
		t.Errorf("of a made-up session, the log has %q", refused)
	}
	client.Header.Set("Sec-Fetch-Site", "cross-site")
	client.Post("/api/logout", nil).Want(403)
	if !strings.Contains(server.Log.String(), `"code":"cross_origin"`) {
		t.Errorf("a refused origin is not in the log:\n%s", server.Log)
	}
}
