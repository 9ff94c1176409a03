package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// While another program locks the database, writers get 503 after 5 seconds, however many
// there are. Readers are answered. The server recovers by itself.
func TestDatabaseIsLocked(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, cheap)
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
	login := func() *testkit.Answer {
		return s.client().Post("/api/login", testkit.Credentials("ada@example.com", "simplepass"))
	}
	unlock := house.Lock(t, data)
	var waiters sync.WaitGroup
	for range 12 {
		waiters.Go(func() {
			begun := time.Now()
			refused := login()
			if took := time.Since(begun); refused.Status != 503 || refused.Header.Get("Retry-After") == "" || took > 11*time.Second { // five of them for its hash
				t.Errorf("%d %s after %v", refused.Status, refused.Body, took)
			}
		})
	}
	ada.Get("/api/user").Want(http.StatusOK)
	waiters.Wait()
	begun := time.Now()
	says := s.client().Get("/readyz").WantError(503, "not_ready").Envelope().Errors
	if took := time.Since(begun); says["database"] != "cannot be written; the log says more" || took > 3*time.Second {
		t.Errorf("readiness says %v after %v", says, took)
	}
	unlock()
	s.client().Get("/readyz").Want(http.StatusOK)
	login().Want(http.StatusOK)
	s.stop()
}

// The server can stop while the database is locked.
func TestStopWhileTheDatabaseIsLocked(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, cheap)
	s.client().Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
	defer house.Lock(t, data)()
	login := sendHalf(t, s.client(), "/api/login", "application/json", []byte(`{"email":"ada@example.com","password":"simplepass"}`))
	begun := time.Now()
	s.signal(syscall.SIGTERM)
	if answer := login.finish(); answer.status != 503 {
		t.Errorf("the login in flight was answered with %d", answer.status)
	}
	s.wantStopped()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("stopped after %v", took)
	}
}

// A client that leaves before it is answered is no failure of the server: it counts as 499.
func TestClientThatLeaves(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, cheap)
	s.client().Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
	defer house.Lock(t, data)()
	login := testkit.Dial(t, s.url)
	body := `{"email":"ada@example.com","password":"simplepass"}`
	_, _ = fmt.Fprintf(login, "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	<-time.After(300 * time.Millisecond)
	_ = login.Close()
	eventually(t, "it is logged with 499", func() bool { return strings.Contains(s.stderr.String(), `"status":499`) })
}
