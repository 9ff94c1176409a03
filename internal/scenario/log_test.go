package scenario

import (
	"bytes"
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

// By default the log has no reads, except those with an invalid session.
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
		t.Errorf("for an invalid session, the log has %q", refused)
	}
	client.Header.Set("Sec-Fetch-Site", "cross-site")
	client.Post("/api/logout", nil).Want(403)
	if !strings.Contains(server.Log.String(), `"code":"cross_origin"`) {
		t.Errorf("the refused origin is not in the log:\n%s", server.Log)
	}
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
