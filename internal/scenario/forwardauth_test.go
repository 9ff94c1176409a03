package scenario

import (
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

const ordersApp = "https://app.example.com"

// behindProxy runs a server whose proxy is on this machine, for an app on another origin.
func behindProxy(c *cardea.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.PublicURL = "https://accounts.example.com"
	c.ReturnOrigins = []string{ordersApp}
}

// A proxy learns who is signed in, and what has changed since.
func TestForwardAuthTellsTheUser(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	user := ada.User()
	want := map[string]string{
		"Cardea-User-Id": user.ID, "Cardea-User-Name": "aruncs", "Cardea-User-Email": "ada@example.com", "Cardea-User-Email-Verified": "false",
		"Cardea-User-Avatar": user.Avatar, "Cache-Control": "no-store",
	}
	for range 3 {
		ada.Get("/api/forward-auth").Want(200).WantHeaders(want).WantBody(`{"status":"success"}`)
	}
	for name, header := range map[string]string{
		"Ada Lovelace, Countess": "Ada Lovelace, Countess",
		"Renée 🙂":                "UTF-8''Ren%C3%A9e%20%F0%9F%99%82",
		"utf-8''x":               "UTF-8''utf-8%27%27x",
	} {
		ada.Rename(name).Want(200)
		ada.Get("/api/forward-auth").Want(200).WantHeaders(map[string]string{"Cardea-User-Name": header})
	}
	testkit.NewClient(t, server.URL).Get("/api/forward-auth").WantError(401, "not_logged_in")
	ada.Post("/api/logout", nil).Want(200)
	ada.Get("/api/forward-auth").WantError(401, "not_logged_in")
}

// Without a session, browsers that navigate are led to the sign-in and from there back, if
// a trusted proxy says where that is. Programs get 401.
func TestForwardAuthLeadsToTheSignIn(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, behindProxy)
	login := "https://accounts.example.com/login"
	for _, c := range []struct {
		what    string
		headers string // pairs, one a line
		status  int
		next    string
	}{
		{"Caddy and Traefik", "X-Forwarded-Method: GET\nX-Forwarded-Proto: https\nX-Forwarded-Host: app.example.com\nX-Forwarded-Uri: /orders?page=2,3", 302, ordersApp + "/orders?page=2,3"},
		{"the whole address", "X-Original-URL: https://app.example.com/orders?page=2,3", 302, ordersApp + "/orders?page=2,3"},
		{"a path alone", "X-Forwarded-Uri: /orders", 302, "/orders"},
		{"the own origin", "X-Forwarded-Proto: https\nX-Forwarded-Host: accounts.example.com\nX-Forwarded-Uri: /x", 302, "https://accounts.example.com/x"},
		{"another host", "X-Forwarded-Proto: https\nX-Forwarded-Host: evil.example\nX-Forwarded-Uri: /x", 302, ""},
		{"another scheme", "X-Forwarded-Proto: http\nX-Forwarded-Host: app.example.com\nX-Forwarded-Uri: /x", 302, ""},
		{"a host with userinfo", "X-Forwarded-Proto: https\nX-Forwarded-Host: app.example.com@evil.example\nX-Forwarded-Uri: /x", 302, ""},
		{"another address", "X-Original-URL: https://evil.example/", 302, ""},
		{"no host", "X-Original-URL: //evil.example/", 302, ""},
		{"a long address", "X-Forwarded-Uri: /" + strings.Repeat("a", 3000), 302, ""},
		{"nothing known", "", 302, ""},
		{"a form", "X-Forwarded-Method: POST\nX-Forwarded-Uri: /orders", 401, "/orders"},
		{"a script", "Sec-Fetch-Mode: cors\nX-Forwarded-Uri: /orders", 401, "/orders"},
		{"a program", "Accept: application/json\nX-Original-URL: https://app.example.com/orders", 401, ordersApp + "/orders"},
		{"a program that takes anything", "Accept: */*", 401, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			client := server.NewClient(t)
			client.Header.Set("Accept", browser)
			for line := range strings.Lines(c.headers) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				client.Header.Set(name, value)
			}
			answer := client.Get("/api/forward-auth").Want(c.status)
			want := login
			if c.next != "" {
				want += "?next=" + url.QueryEscape(c.next)
			}
			if got := answer.Header.Get("Location"); got != want {
				t.Errorf("it leads to %s, not %s", got, want)
			}
		})
	}
	if log := server.Log.String(); strings.Contains(log, `"status":302`) || strings.Contains(log, "forward-auth") && !strings.Contains(log, "401") {
		t.Errorf("the log: %s", log)
	}
}

// What clients beyond the trusted proxies say about other requests does not count.
func TestForwardAuthOfStrangers(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, behindProxy)
	for _, header := range []string{"X-Original-URL", "X-Forwarded-Uri"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/forward-auth", nil)
		r.RemoteAddr = "192.0.2.1:1234"
		r.Header.Set("Accept", browser)
		r.Header.Set(header, "/orders")
		r.Header.Set("X-Forwarded-Method", "POST")
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if at := w.Header().Get("Location"); w.Code != 302 || at != "https://accounts.example.com/login" {
			t.Errorf("%s: %d, to %s", header, w.Code, at)
		}
	}
}
