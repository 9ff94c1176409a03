package testkit

import (
	"bytes"
	"encoding/json"
	"image"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Answer is a response, read to its end.
type Answer struct {
	t       testing.TB
	what    string
	Status  int
	Header  http.Header
	Body    []byte
	Cookie  *http.Cookie   // the session's, if one was set
	Cookies []*http.Cookie // all that were set
}

// Want fails the test unless the answer has this status.
func (a *Answer) Want(status int) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: status %d, want %d; body %s", a.what, a.Status, status, a.Body)
	}
	return a
}

// WantError fails the test unless the answer is an error envelope with this status and
// code.
func (a *Answer) WantError(status int, code string) *Answer {
	a.t.Helper()
	a.Want(status)
	e := a.Envelope()
	if e.Status != "error" || e.Code != code || e.Message == "" {
		a.t.Fatalf("%s: %s, want code %s and a message", a.what, a.Body, code)
	}
	return a
}

// WantBody fails the test unless the body is this text.
func (a *Answer) WantBody(body string) *Answer {
	a.t.Helper()
	if got := strings.TrimSpace(string(a.Body)); got != body {
		a.t.Fatalf("%s:\n got %s\nwant %s", a.what, got, body)
	}
	return a
}

// WantHeaders fails the test for every header that has another value.
func (a *Answer) WantHeaders(want map[string]string) *Answer {
	a.t.Helper()
	for name, value := range want {
		if got := a.Header.Get(name); got != value {
			a.t.Errorf("%s: %s: %q, want %q", a.what, name, got, value)
		}
	}
	return a
}

// WantThrottled fails the test unless the answer refuses an attempt at a password. It
// returns the wait from Retry-After, which is at most 15 minutes.
func (a *Answer) WantThrottled() time.Duration {
	a.t.Helper()
	wait := a.WantError(http.StatusTooManyRequests, "too_many_attempts").Header.Get("Retry-After")
	seconds, err := strconv.Atoi(wait)
	if err != nil || seconds < 1 || seconds > 15*60 {
		a.t.Fatalf("%s: Retry-After %q", a.what, wait)
	}
	return time.Duration(seconds) * time.Second
}

// PicturePath returns the path of the picture that an upload answers with.
func (a *Answer) PicturePath() string {
	a.t.Helper()
	u, err := url.Parse(a.Want(http.StatusOK).Envelope().Picture)
	if err != nil || u.Path == "" {
		a.t.Fatalf("profile_pic_url in %s: %v", a.Body, err)
	}
	return u.Path
}

// Image decodes a picture. It fails the test if the content type is another one.
func (a *Answer) Image() image.Image {
	a.t.Helper()
	m, format, err := image.Decode(bytes.NewReader(a.Want(http.StatusOK).Body))
	if err != nil || a.Header.Get("Content-Type") != "image/"+format {
		a.t.Fatalf("%s: %s as %s, %v", a.what, format, a.Header.Get("Content-Type"), err)
	}
	return m
}

// Device returns the device cookie that a login, registration or password change has
// set.
func (a *Answer) Device() *http.Cookie {
	a.t.Helper()
	for _, cookie := range a.Cookies {
		if cookie.Name == "session-device" {
			return cookie
		}
	}
	a.t.Fatalf("%s: no device cookie in %v", a.what, a.Header["Set-Cookie"])
	return nil
}

// Envelope has the fields of all JSON answers.
type Envelope struct {
	Status   string            `json:"status"`
	Message  string            `json:"message"`
	Code     string            `json:"code"`
	Errors   map[string]string `json:"errors"`
	User     User              `json:"user"`
	Picture  string            `json:"profile_pic_url"`
	Sessions []Session         `json:"sessions"`
	Next     *string           `json:"next"` // page of sessions
}

// User is the user object.
type User struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Email   string            `json:"email"`
	Picture *string           `json:"profile_pic_url"`
	Crops   map[string]string `json:"profile_pic_urls"` // URLs by side
	Avatar  string            `json:"avatar_url"`

	CreatedAt string `json:"created_at"`
}

// Session is an entry of the session list.
type Session struct {
	ID         string `json:"id"`
	CreatedAt  string `json:"created_at"`
	LastSeenAt string `json:"last_seen_at"`
	ExpiresAt  string `json:"expires_at"`
	IP         string `json:"ip"`
	UserAgent  string `json:"user_agent"`
	Current    bool   `json:"current"`
}

// Envelope decodes the body.
func (a *Answer) Envelope() Envelope {
	a.t.Helper()
	var e Envelope
	if err := json.Unmarshal(a.Body, &e); err != nil {
		a.t.Fatalf("%s: %v in %q", a.what, err, a.Body)
	}
	return e
}
