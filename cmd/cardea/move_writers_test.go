package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// moveUsers are users who write to a server that moves, and what was acknowledged to them.
type moveUsers struct {
	t   testing.TB
	mu  sync.Mutex
	all []*moveUser

	acknowledged, refused atomic.Int64 // writes
	reads                 atomic.Int64
}

type moveUser struct {
	email, token string
	name         string // as acknowledged
	unsure       string // a name without an answer; empty: none
	picture      [sha256.Size]byte
	hasPicture   bool
}

var moveTransport = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}

// call sends a request. Error: errNoAnswer.
func call(ctx context.Context, url string, r request) (reply, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return reply{}, nil, err
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	if r.token != "" {
		req.Header.Set("Cookie", "session="+r.token)
	}
	res, err := moveTransport.RoundTrip(req)
	if err != nil {
		return reply{}, nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer res.Body.Close()
	answer := reply{status: res.StatusCode}
	if answer.body, err = io.ReadAll(res.Body); err != nil {
		return reply{}, nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	for _, cookie := range res.Cookies() {
		if cookie.Name == "session" {
			answer.token = cookie.Value
		}
	}
	_ = json.Unmarshal(answer.body, &answer.Envelope) // pictures are none
	return answer, res.Header, nil
}

// write sends a request that changes something, and reports whether it was acknowledged. A refusal
// must be a 503 that says when to try again.
func (m *moveUsers) write(ctx context.Context, url string, r request) (answer reply, acknowledged bool, err error) {
	answer, header, err := call(ctx, url, r)
	switch {
	case err != nil:
		return answer, false, err
	case answer.status < 300:
		m.acknowledged.Add(1)
		return answer, true, nil
	case answer.status == http.StatusServiceUnavailable && header.Get("Retry-After") != "":
		m.refused.Add(1)
	default:
		m.t.Errorf("%s %s: status %d, Retry-After %q: %s", r.method, r.path, answer.status, header.Get("Retry-After"), answer.body)
	}
	return answer, false, nil
}

// add registers a user, with a picture if it is the third one of three.
func (m *moveUsers) add(ctx context.Context, url string) (*moveUser, error) {
	m.mu.Lock()
	u := &moveUser{email: fmt.Sprintf("user%d@example.com", len(m.all)), name: "aruncs"}
	m.all = append(m.all, u)
	n := len(m.all)
	m.mu.Unlock()
	answer, ok, err := m.write(ctx, url, jsonRequest("POST", "/api/register", "", testkit.Registration(u.name, u.email, "simplepass")))
	if !ok {
		return nil, err
	}
	m.mu.Lock()
	u.token = answer.token
	m.mu.Unlock()
	if n%3 != 0 {
		return u, nil
	}
	data := testkit.PNG(40+n%50, 50)
	body, contentType := testkit.Form(m.t, "profile_pic", "face.png", data)
	_, _, err = m.write(ctx, url, request{"POST", "/api/upload-picture", u.token, contentType, body})
	return u, err
}

// work adds users and renames them until the server is gone or ctx ends.
func (m *moveUsers) work(ctx context.Context, url string) {
	for n := 0; ctx.Err() == nil; n++ {
		u, err := m.add(ctx, url)
		if err == nil && u != nil {
			u.unsure = fmt.Sprint("name ", n)
			var ok bool
			if _, ok, err = m.write(ctx, url, jsonRequest("PATCH", "/api/user", u.token, map[string]any{"name": u.unsure})); ok {
				u.name = u.unsure
			}
			if err == nil {
				u.unsure = ""
			}
		}
		if errors.Is(err, errNoAnswer) {
			return
		}
		select { // refused writers do not storm
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// first is the user who came first.
func (m *moveUsers) first() *moveUser {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[0]
}

// read asks for each user in turn who is signed in, until ctx ends. Every answer must be a 200.
func (m *moveUsers) read(ctx context.Context, url string) {
	for n := 0; ; n++ {
		m.mu.Lock()
		u := m.all[n%len(m.all)]
		if n > 1 && n%2 == 0 { // one whose session is cached
			u = m.all[0]
		}
		token := u.token
		m.mu.Unlock()
		if token == "" {
			continue
		}
		answer, _, err := call(ctx, url, request{method: "GET", path: "/api/user", token: token})
		if ctx.Err() != nil {
			return
		}
		if err != nil || answer.status != http.StatusOK {
			m.t.Errorf("%s reads: status %d, %v: %s", u.email, answer.status, err, answer.body)
			return
		}
		m.reads.Add(1)
	}
}

// verify requires that a server has everything that was acknowledged.
func (m *moveUsers) verify(url string) {
	m.t.Helper()
	var pictures int
	for _, u := range m.all {
		if u.token == "" {
			continue
		}
		answer, _, err := call(m.t.Context(), url, request{method: "GET", path: "/api/user", token: u.token})
		if err != nil || answer.status != http.StatusOK || answer.User.Email != u.email || answer.User.Name != u.name && answer.User.Name != u.unsure {
			m.t.Fatalf("%s, %q or %q: status %d, %v: %s", u.email, u.name, u.unsure, answer.status, err, answer.body)
		}
		u.name, u.unsure = answer.User.Name, ""
		if answer.User.Picture == nil {
			if u.hasPicture {
				m.t.Errorf("%s lost the picture", u.email)
			}
			continue
		}
		picture, _, err := call(m.t.Context(), *answer.User.Picture, request{method: "GET"})
		sum := sha256.Sum256(picture.body)
		if err != nil || picture.status != http.StatusOK || u.hasPicture && sum != u.picture {
			m.t.Errorf("%s: picture: status %d, %v, %d bytes", u.email, picture.status, err, len(picture.body))
		}
		u.picture, u.hasPicture = sum, true
		pictures++
	}
	m.t.Logf("%d pictures; of the writes, %d were acknowledged and %d refused; %d reads", pictures, m.acknowledged.Load(), m.refused.Load(), m.reads.Load())
}
