package scenario

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

func TestUnknownRoutes(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	for _, path := range []string{
		"/no/such/thing", "/api", "/api/", "/api/user/", "/api/users", "/API/user", "/.git/config", "/api//user", "//api/user",
		"/api/./user", "/api/x/../user", "/cardea.db", "/uploads", "/static/", "/static/../server.go", "/static/none", "/debug/pprof/", "/metrics",
		"/api/sessions/a/b", "/index.html", "/api/user/x.css", "/api/user;x.css", "/x.css", "/favicon.ico", "/%2e%2e/", "/api%2fuser", "/api/user%00",
	} {
		client.Get(path).WantError(404, "not_found")
	}
	for _, c := range []struct{ method, path, allow string }{
		{"GET", "/api/login", "POST"},
		{"PUT", "/api/user", "DELETE, GET, HEAD, PATCH"},
		{"POST", "/", "GET, HEAD"},
		{"GET", "/api/upload-picture", "DELETE, POST"},
		{"POST", "/uploads/x", "GET, HEAD"},
		{"TRACE", "/api/user", "DELETE, GET, HEAD, PATCH"},
		{"OPTIONS", "/api/user", "DELETE, GET, HEAD, PATCH"},
		{"BREW", "/api/logout", "POST"},
		{"GET", "/api/sessions/x", "DELETE"},
	} {
		a := client.Send(c.method, c.path, "", nil)
		a.Want(405)
		if got := a.Header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, got, c.allow)
		}
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s %s: %s", c.method, c.path, a.Header.Get("Content-Type"))
		}
	}
	client.Get("/api/user").Want(200)
}

// Without a session, a user's own routes refuse before they read the body.
func TestStrangersGetNothing(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "ada@example.com")
	for _, c := range []struct{ method, path string }{
		{"GET", "/"}, {"GET", "/api/user"}, {"PATCH", "/api/user"}, {"POST", "/api/password"},
		{"GET", "/api/sessions"}, {"DELETE", "/api/sessions"}, {"DELETE", "/api/sessions/x"},
		{"POST", "/api/upload-picture"}, {"POST", "/upload_profile_pic"}, {"DELETE", "/api/upload-picture"},
	} {
		server.NewClient(t).Send(c.method, c.path, "text/plain", []byte("x")).WantError(http.StatusUnauthorized, "not_logged_in")
	}
}

// The query of an address carries no credentials and changes no rules.
func TestNothingIsTakenFromTheQuery(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	stranger := server.NewClient(t)
	stranger.Get("/api/user?session="+client.Cookie).WantError(401, "not_logged_in")
	stranger.Send("POST", "/api/login?email=ada@example.com&password=simplepass", "application/json", []byte(`{}`)).
		WantError(401, "invalid_credentials")
	client.JSON("PATCH", "/api/user?name=Eve", map[string]any{"name": "Ada"}).Want(200)
	plain := client.Get("/api/user").Want(200)
	client.Get("/api/user?callback=run&jsonp=run&id=x&id=y").Want(200).WantBody(string(plain.Body))
}
