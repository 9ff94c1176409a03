package outage

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// storm is many writers at once, each with users of its own, and what they were told.
type storm struct {
	*testing.T
	server  *testkit.Server
	end     context.CancelFunc
	running sync.WaitGroup
	writers []*writer

	refused  atomic.Int64 // answers 503 and 507
	accepted atomic.Int64
	failedAt atomic.Int64 // when the last refusal came, in nanoseconds since 1970
}

// writer is one client, who makes one user after the other.
type writer struct {
	name  string
	users []*stormUser
}

// stormUser is what a user must be like. A refusal leaves open whether the database has taken the
// change: its commit may have been carried out without an answer.
type stormUser struct {
	email    string
	names    map[string]bool // one of these
	cookie   string          // of the session that is used; empty: none
	sessions map[string]bool // cookies of sessions that must be live, or must have ended
	unknown  int             // sessions that there may be besides
}

// begin lets writers write until stop.
func begin(t *testing.T, server *testkit.Server, writers int) *storm {
	s := &storm{T: t, server: server}
	ctx, cancel := context.WithCancel(t.Context())
	s.end = cancel
	for i := range writers {
		w := &writer{name: fmt.Sprintf("w%d", i)}
		s.writers = append(s.writers, w)
		s.running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				s.live(ctx, w, n)
			}
		})
	}
	t.Cleanup(s.stop)
	return s
}

// stop lets the writers finish what they do, and waits for them.
func (s *storm) stop() {
	s.end()
	s.running.Wait()
	for line := range strings.Lines(s.server.Log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) && strings.Contains(line, `"request":`) {
			s.Logf("the server says: %s", line)
		}
	}
}

// live registers a user, who signs in, renames, signs out and signs in again.
func (s *storm) live(ctx context.Context, w *writer, n int) {
	u := &stormUser{email: fmt.Sprintf("%s-%d@example.com", w.name, n), names: map[string]bool{"first": true}, sessions: map[string]bool{}}
	for !s.register(u) {
		if ctx.Err() != nil {
			return // whether there is such a user is not known
		}
	}
	w.users = append(w.users, u)
	for _, act := range []func(*stormUser){s.login, s.rename, s.look, s.logout, s.login, s.look} {
		if act(u); ctx.Err() != nil {
			return
		}
	}
}

// await waits until so many more requests are accepted.
func (s *storm) await(more int64) {
	s.Helper()
	goal := s.accepted.Load() + more
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); s.accepted.Load() < goal; <-tick.C {
		if time.Since(begun) > time.Minute {
			s.Fatalf("%d of %d requests are accepted within a minute", s.accepted.Load()+more-goal, more)
		}
	}
}

// register also succeeds if an earlier attempt, which was refused, was carried out.
func (s *storm) register(u *stormUser) bool {
	a := s.ask("POST", "/api/register", "", testkit.Registration("first", u.email, "simplepass"))
	if a.status == http.StatusConflict && u.unknown > 0 {
		return true
	}
	if !s.isAccepted(a, http.StatusCreated) {
		u.unknown = 1
		return false
	}
	u.cookie, u.unknown = a.cookie, 0
	u.sessions[a.cookie] = true
	return true
}

func (s *storm) login(u *stormUser) {
	a := s.ask("POST", "/api/login", "", testkit.Credentials(u.email, "simplepass"))
	if !s.isAccepted(a, http.StatusOK) {
		u.unknown++
		return
	}
	u.cookie = a.cookie
	u.sessions[a.cookie] = true
}

func (s *storm) rename(u *stormUser) {
	if u.cookie == "" {
		return
	}
	name := fmt.Sprintf("name %d", time.Now().UnixNano())
	if s.isAccepted(s.ask("PATCH", "/api/user", u.cookie, map[string]any{"name": name}), http.StatusOK) {
		u.names = map[string]bool{}
	}
	u.names[name] = true
}

// look sees what was written.
func (s *storm) look(u *stormUser) {
	if u.cookie == "" {
		return
	}
	if a := s.ask("GET", "/api/user", u.cookie, nil); s.isAccepted(a, http.StatusOK) && !u.names[a.name] {
		s.Errorf("%s has the name %q, want one of %v", u.email, a.name, u.names)
	}
}

func (s *storm) logout(u *stormUser) {
	if u.cookie == "" {
		return
	}
	if s.isAccepted(s.ask("POST", "/api/logout", u.cookie, nil), http.StatusOK) {
		u.sessions[u.cookie] = false
	} else {
		delete(u.sessions, u.cookie)
		u.unknown++
	}
	u.cookie = ""
}

type answer struct {
	status       int // 0: none
	cookie, name string
	body         string
}

// isAccepted fails the test if an answer is neither the wanted one nor says that the database is
// unavailable.
func (s *storm) isAccepted(a answer, want int) bool {
	switch a.status {
	case want:
		s.accepted.Add(1)
		return true
	case http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		s.refused.Add(1)
		s.failedAt.Store(time.Now().UnixNano())
	default:
		s.Errorf("%d %s, want %d or 503", a.status, a.body, want)
	}
	return false
}

func (s *storm) ask(method, path, cookie string, body any) (a answer) {
	content, err := json.Marshal(body)
	if err != nil {
		s.Error(err)
	}
	req, err := http.NewRequestWithContext(s.Context(), method, s.server.URL+path, bytes.NewReader(content))
	if err != nil {
		s.Error(err)
		return a
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: "session", Value: cookie})
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		s.Error(err)
		return a
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.Error(err)
	}
	a = answer{status: res.StatusCode, body: string(text)}
	for _, c := range res.Cookies() {
		if c.Name == "session" {
			a.cookie = c.Value
		}
	}
	var envelope testkit.Envelope
	if json.Unmarshal(text, &envelope) == nil {
		a.name = envelope.User.Name
	}
	return a
}

var transport = &http.Transport{MaxIdleConnsPerHost: 64}

// verify compares what the writers were told with what there is. db is the database itself.
func (s *storm) verify(db *sql.DB) {
	s.Helper()
	users := 0
	for _, w := range s.writers {
		for _, u := range w.users {
			users++
			s.verifyUser(db, u)
		}
	}
	s.Logf("%d users: %d requests accepted, %d refused", users, s.accepted.Load(), s.refused.Load())
}

func (s *storm) verifyUser(db *sql.DB, u *stormUser) {
	s.Helper()
	live := 0
	for cookie, isLive := range u.sessions {
		want := http.StatusUnauthorized
		if isLive {
			live++
			want = http.StatusOK
		}
		a := s.ask("GET", "/api/user", cookie, nil)
		if a.status != want || isLive && !u.names[a.name] {
			s.Errorf("%s: %d, the name %q; want %d, one of %v", u.email, a.status, a.name, want, u.names)
		}
	}
	var rows, sessions, registrations int
	err := db.QueryRowContext(s.Context(), `SELECT count(DISTINCT u.id), count(DISTINCT s.id), count(DISTINCT a.id) FROM users u
		LEFT JOIN sessions s ON s.user_id = u.id LEFT JOIN audit a ON a.user_id = u.id AND a.event = 'registered' WHERE u.email = $1`, u.email).
		Scan(&rows, &sessions, &registrations)
	if err != nil || rows != 1 || registrations != 1 || sessions < live || sessions > live+u.unknown {
		s.Errorf("%s: %d users, registered %d times, %d sessions, of %d or %d more; %v", u.email, rows, registrations, sessions, live, u.unknown, err)
	}
}
