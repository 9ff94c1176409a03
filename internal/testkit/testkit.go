// Package testkit gives tests a real Cardea on a temporary data folder, reached
// over HTTP as its users reach it, and a clock to turn.
package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
)

// Server is a running Cardea.
type Server struct {
	URL   string
	Data  string // its data folder
	Clock *Clock
	Log   *Log
	Stop  func() // ends it before the test does, so that another can use the data folder
	*cardea.Server
}

// Start runs a server until the test ends. Passwords are hashed cheaply and tries
// are not throttled, unless configure says otherwise.
func Start(t testing.TB, configure ...func(*cardea.Config)) *Server {
	t.Helper()
	log, clock := &Log{}, NewClock()
	cfg := cardea.Config{
		Data: t.TempDir(), Argon2Memory: 64, Argon2Time: 1, RateLimit: "off",
		Clock: clock.Now, Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
	for _, c := range configure {
		c(&cfg)
	}
	s, err := cardea.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s)
	running, end := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { s.Run(running) })
	stop := sync.OnceFunc(func() {
		front.Close()
		end()
		background.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return &Server{URL: front.URL, Data: cfg.Data, Clock: clock, Log: log, Server: s, Stop: stop}
}

// Clock is a clock that moves only when told.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at the moment of the source document's example.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)}
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance turns the clock forward, or back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Log keeps what was logged.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Client is a user's program: it keeps the session's cookie as a browser would.
type Client struct {
	t      testing.TB
	URL    string
	Cookie string // the session's; empty: none
	Header http.Header

	// Undocumented is for what is not Cardea's public listener: answers are not
	// held to the contract's document.
	Undocumented bool
}

// NewClient returns a client that is not signed in.
func (s *Server) NewClient(t testing.TB) *Client { return NewClient(t, s.URL) }

// NewClient returns a client of the server at a URL.
func NewClient(t testing.TB, url string) *Client {
	return &Client{t: t, URL: url, Header: http.Header{}}
}

// With returns the client for use in a subtest.
func (c *Client) With(t testing.TB) *Client {
	sub := *c
	sub.t = t
	return &sub
}

// Register makes an account with the password "simplepass" and returns a client
// that is signed in to it.
func (s *Server) Register(t testing.TB, email string) *Client {
	t.Helper()
	c := s.NewClient(t)
	c.Post("/api/register", Person("aruncs", email, "simplepass")).Want(http.StatusCreated)
	return c
}

// Person is the body of a registration.
func Person(name, email, password string) map[string]any {
	return map[string]any{"name": name, "email": email, "password": password}
}

// Credentials is the body of a login.
func Credentials(email, password string) map[string]any {
	return map[string]any{"email": email, "password": password}
}

// Get sends a GET.
func (c *Client) Get(path string) *Answer { c.t.Helper(); return c.Send("GET", path, "", nil) }

// Post sends a POST with a body in JSON; nil: without a body.
func (c *Client) Post(path string, body any) *Answer { c.t.Helper(); return c.JSON("POST", path, body) }

// Delete sends a DELETE.
func (c *Client) Delete(path string) *Answer { c.t.Helper(); return c.Send("DELETE", path, "", nil) }

// JSON sends a body in JSON; nil: without a body.
func (c *Client) JSON(method, path string, body any) *Answer {
	c.t.Helper()
	if body == nil {
		return c.Send(method, path, "", nil)
	}
	data, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.Send(method, path, "application/json", data)
}

// Upload sends a picture in the field profile_pic.
func (c *Client) Upload(filename string, data []byte) *Answer {
	c.t.Helper()
	body, contentType := Form(c.t, "profile_pic", filename, data)
	return c.Send("POST", "/api/upload-picture", contentType, body)
}

// UploadCrop sends a picture and which square of it the crops show.
func (c *Client) UploadCrop(filename string, data []byte, crop string) *Answer {
	c.t.Helper()
	body, contentType := Form(c.t, "profile_pic", filename, data, "crop", crop)
	return c.Send("POST", "/api/upload-picture", contentType, body)
}

// Form is a multipart form with one file, after some fields and their values.
func Form(t testing.TB, field, filename string, data []byte, fields ...string) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for pair := range slices.Chunk(fields, 2) {
		if err := form.WriteField(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile(field, filename)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(data) // a buffer takes everything
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), form.FormDataContentType()
}

// Send sends a request and keeps the cookie that comes back.
func (c *Client) Send(method, path, contentType string, body []byte) *Answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header = c.Header.Clone()
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if c.Cookie != "" {
		r.Header.Set("Cookie", "session="+c.Cookie)
	}
	return c.Do(r)
}

var transport = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}

// Dial opens a bare connection to a server, for requests that no client library
// sends. It ends with the test, or after half a minute.
func Dial(t testing.TB, url string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// bodyOf returns a copy of a request's body, as far as it is not a stream.
func bodyOf(r *http.Request) ([]byte, error) {
	if r.GetBody == nil {
		return nil, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// Do sends a request that the test made itself, and keeps the cookie that comes
// back. It fails the test if the answer, or a request that was accepted, is not
// as the contract's document says.
func (c *Client) Do(r *http.Request) *Answer {
	c.t.Helper()
	sent, err := bodyOf(r)
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := transport.RoundTrip(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	if !c.Undocumented {
		x := &Exchange{Request: r, Sent: sent, Status: res.StatusCode, Header: res.Header, Body: data}
		if err := OurContract().Check(x); err != nil {
			c.t.Errorf("%s %s: not as in openapi.json: %v\n%d %s", r.Method, r.URL.Path, err, res.StatusCode, data)
		}
	}
	a := &Answer{t: c.t, what: r.Method + " " + r.URL.Path, Status: res.StatusCode, Header: res.Header, Body: data, Cookies: res.Cookies()}
	for _, cookie := range a.Cookies {
		if cookie.Name == "session" {
			c.Cookie, a.Cookie = cookie.Value, cookie
		}
	}
	return a
}

// Answer is what came back.
type Answer struct {
	t      testing.TB
	what   string
	Status int
	Header http.Header
	Body   []byte
	Cookie *http.Cookie // the session's, if one was set

	Cookies []*http.Cookie // all that were set
}

// Want fails the test unless the status is as given.
func (a *Answer) Want(status int) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: status %d, want %d; body %s", a.what, a.Status, status, a.Body)
	}
	return a
}

// WantError fails the test unless the answer is an error in the envelope with
// that status and code.
func (a *Answer) WantError(status int, code string) *Answer {
	a.t.Helper()
	a.Want(status)
	e := a.Envelope()
	if e.Status != "error" || e.Code != code || e.Message == "" {
		a.t.Fatalf("%s: %s, want code %s and a message", a.what, a.Body, code)
	}
	return a
}

// WantBody fails the test unless the body is that text.
func (a *Answer) WantBody(body string) *Answer {
	a.t.Helper()
	if got := strings.TrimSpace(string(a.Body)); got != body {
		a.t.Fatalf("%s:\n got %s\nwant %s", a.what, got, body)
	}
	return a
}

// Envelope is every answer in JSON, as far as it goes.
type Envelope struct {
	Status   string            `json:"status"`
	Message  string            `json:"message"`
	Code     string            `json:"code"`
	Errors   map[string]string `json:"errors"`
	User     User              `json:"user"`
	Picture  string            `json:"profile_pic_url"`
	Sessions []Session         `json:"sessions"`
}

// User is the user object.
type User struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Email   string            `json:"email"`
	Picture *string           `json:"profile_pic_url"`
	Crops   map[string]string `json:"profile_pic_urls"` // addresses by side
	Avatar  string            `json:"avatar_url"`
}

// Session is one of the list of sessions.
type Session struct {
	ID         string `json:"id"`
	LastSeenAt string `json:"last_seen_at"`
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
