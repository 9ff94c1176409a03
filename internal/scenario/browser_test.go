package scenario

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

func TestEveryAnswerIsSafeInABrowser(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	avatar := client.Avatar()
	picture := client.Upload("a.png", testkit.PNG(5, 5)).PicturePath()
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

// Text has its charset.
func TestTextHasItsCharset(t *testing.T) {
	client := testkit.Start(t).NewClient(t)
	for _, path := range []string{"/static/icon.svg", "/static/cardea.css", "/docs", "/openapi.json", "/healthz", "/none"} {
		if kind := client.Get(path).Header.Get("Content-Type"); !strings.HasSuffix(kind, "; charset=utf-8") {
			t.Errorf("%s: Content-Type %s", path, kind)
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
	client.Post("/api/register", testkit.Registration("<b>Ada</b>", "ada@example.com", "simplepass")).Want(201)
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

// The home page shows the avatar of the signed-in user.
func TestHomePageShowsTheAvatar(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	shows := func(address string) {
		t.Helper()
		page := *client
		page.Header = http.Header{"Accept": {"text/html"}}
		body := string(page.Get("/").Want(http.StatusOK).Body)
		_, rest, _ := strings.Cut(body, `<img class="avatar" src="./`)
		src, _, _ := strings.Cut(rest, `"`)
		if !strings.HasPrefix("/"+src, address+"?size=256") {
			t.Errorf("the page shows %q, want %s", src, address)
		}
		client.Get("/" + strings.ReplaceAll(src, "&amp;", "&")).Image()
	}
	shows(client.Avatar())
	shows(client.Upload("me.png", testkit.PNG(600, 600)).PicturePath())
}

// Pages of other origins can change nothing, unless the operator allows them.
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
		h.Get("Access-Control-Allow-Headers") != "Content-Type, X-Requested-With, Cache-Control, Pragma" {
		t.Errorf("preflight: headers %v", h)
	}
	client.Header.Set("Origin", other)
	refused := client.Send("OPTIONS", "/api/user", "", nil)
	refused.WantError(403, "cross_origin")
	for name := range refused.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("preflight from another origin: header %s", name)
		}
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
