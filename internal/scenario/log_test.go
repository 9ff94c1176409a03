package scenario

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The log never shows secrets.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.LogRequests = "all" })
	client := server.Register(t, "ada@example.com")
	tokens := []string{client.Cookie}
	client.Login("ada@example.com")
	tokens = append(tokens, client.Cookie)
	client.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200)
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

// By default the log has changes and errors, but no successful reads. It has the id of
// each answer with an X-Request-Id.
func TestLogOfEvents(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	picture := client.Upload("a.png", testkit.PNG(5, 5)).PicturePath()
	log := server.Log.String()
	if strings.Count(log, `"msg":"request"`) != 2 || !strings.Contains(log, `"route":"/api/register"`) || !strings.Contains(log, `"status":201`) {
		t.Errorf("the log:\n%s", log)
	}
	for _, path := range []string{"/api/user", "/healthz", "/docs", picture} {
		client.Get(path).Want(200)
	}
	if reads := strings.TrimPrefix(server.Log.String(), log); reads != "" {
		t.Errorf("for reads, the log has %s", reads)
	}
	stranger := server.NewClient(t)
	invalid := server.NewClient(t)
	invalid.Cookie = strings.Repeat("A", 26)
	page := server.NewClient(t)
	page.Header = http.Header{"Origin": {"https://evil.example"}, "Access-Control-Request-Method": {"POST"}, "Sec-Fetch-Site": {"cross-site"}}
	picky := server.NewClient(t)
	picky.Header = http.Header{"Range": {"bytes=1000000-"}}
	for _, c := range []struct {
		client       *testkit.Client
		method, path string
		status       int
		code         string
	}{
		{client, "GET", "/none", 404, `"code":"not_found"`},
		{client, "HEAD", "/none", 404, `"code":"not_found"`},
		{client, "GET", "/api/login", 405, `"code":"method_not_allowed"`},
		{client, "OPTIONS", "/api/login", 405, `"code":"method_not_allowed"`},
		{client, "GET", "/users/x/avatar?size=7", 400, `"code":"`},
		{picky, "GET", picture, 416, `"route":"/uploads/{address}"`},
		{stranger, "GET", "/api/user", 401, `"code":"not_logged_in"`},
		{invalid, "GET", "/api/user", 401, `"code":"not_logged_in"`},
		{page, "POST", "/api/logout", 403, `"code":"cross_origin","origin":"https://evil.example","path":"/api/logout"`},
		{page, "OPTIONS", "/api/user", 403, `"code":"cross_origin","origin":"https://evil.example","path":"/api/user"`},
	} {
		a := c.client.Send(c.method, c.path, "", nil).Want(c.status)
		line := lineWith(server.Log.String(), `"request":"`+a.Header.Get("X-Request-Id")+`"`)
		if !strings.Contains(line, fmt.Sprintf(`"status":%d`, c.status)) || !strings.Contains(line, c.code) || !strings.Contains(line, `"level":"INFO"`) {
			t.Errorf("%s %s: the log has %q, want %s", c.method, c.path, line, c.code)
		}
	}
}

// lineWith returns the line of a log that has a text; empty if it is not one.
func lineWith(log, text string) (found string) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			if found != "" {
				return ""
			}
			found = line
		}
	}
	return found
}

// A panic answers 500 without details. The log has them, and the server continues.
func TestPanicIsAnswered(t *testing.T) {
	var calls, fatal atomic.Int32
	server := testkit.Start(t, func(c *cardea.Config) {
		clock := c.Clock
		c.Clock = func() time.Time {
			if calls.Add(1) == fatal.Load() {
				panic("inner secret")
			}
			return clock()
		}
	})
	client := server.Register(t, "ada@example.com")
	fatal.Store(calls.Load() + 2) // after the one for the start of the request
	a := client.Get("/api/user").WantError(500, "internal")
	id := a.Header.Get("X-Request-Id")
	if bytes.Contains(a.Body, []byte("secret")) || id == "" {
		t.Errorf("%s, X-Request-Id %q", a.Body, id)
	}
	log := server.Log.String()
	if !strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, "panic: inner secret") || !strings.Contains(log, id) {
		t.Errorf("the log: %s", log)
	}
	client.Get("/api/user").Want(200)
}
