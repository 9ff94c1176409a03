package testkit

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Client is a user's program. It keeps the session cookie, as a browser would.
type Client struct {
	t      testing.TB
	URL    string
	Cookie string // the session's; empty: none
	Header http.Header

	// Undocumented turns off the comparison of answers with the OpenAPI document,
	// for everything but Cardea's public listener.
	Undocumented bool
}

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

// Registration is the body of a registration.
func Registration(name, email, password string) map[string]any {
	return map[string]any{"name": name, "email": email, "password": password}
}

// Credentials is the body of a login.
func Credentials(email, password string) map[string]any {
	return map[string]any{"email": email, "password": password}
}

// PasswordChange is the body of a password change.
func PasswordChange(current, next string) map[string]any {
	return map[string]any{"current_password": current, "new_password": next}
}

// Register makes an account with the name "aruncs" and the password "simplepass", and
// signs in to it.
func (c *Client) Register(email string) *Answer {
	c.t.Helper()
	return c.Post("/api/register", Registration("aruncs", email, "simplepass")).Want(http.StatusCreated)
}

// Confirmation is the body of a confirmation.
func Confirmation(current string) map[string]any { return map[string]any{"current_password": current} }

// Login signs in with the password "simplepass".
func (c *Client) Login(email string) *Answer {
	c.t.Helper()
	return c.Post("/api/login", Credentials(email, "simplepass")).Want(http.StatusOK)
}

// Guess attempts to sign in with the password "wrongpass".
func (c *Client) Guess(email string) *Answer {
	c.t.Helper()
	return c.Post("/api/login", Credentials(email, "wrongpass"))
}

// Rename changes the user's name.
func (c *Client) Rename(name string) *Answer {
	c.t.Helper()
	return c.JSON("PATCH", "/api/user", map[string]any{"name": name})
}

// User returns the signed-in user.
func (c *Client) User() User {
	c.t.Helper()
	return c.Get("/api/user").Want(http.StatusOK).Envelope().User
}

// Crops returns the paths of the user's crops, by side.
func (c *Client) Crops() map[int]string {
	c.t.Helper()
	crops := map[int]string{}
	for side, url := range c.User().Crops {
		n, err := strconv.Atoi(side)
		if err != nil {
			c.t.Fatalf("a crop of side %q", side)
		}
		crops[n] = c.path(url)
	}
	return crops
}

// Avatar returns the path of the user's avatar.
func (c *Client) Avatar() string {
	c.t.Helper()
	return c.path(c.User().Avatar)
}

func (c *Client) path(url string) string {
	c.t.Helper()
	path, ok := strings.CutPrefix(url, c.URL)
	if !ok {
		c.t.Fatalf("%q is not at %s", url, c.URL)
	}
	return path
}

// Get sends a GET.
func (c *Client) Get(path string) *Answer { c.t.Helper(); return c.Send("GET", path, "", nil) }

// Post sends a POST with a JSON body; nil: without a body.
func (c *Client) Post(path string, body any) *Answer { c.t.Helper(); return c.JSON("POST", path, body) }

// Delete sends a DELETE.
func (c *Client) Delete(path string) *Answer { c.t.Helper(); return c.Send("DELETE", path, "", nil) }

// JSON sends a JSON body; nil: without a body.
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

// Upload sends a picture in the field profile_pic, after other fields and their values.
func (c *Client) Upload(filename string, data []byte, fields ...string) *Answer {
	c.t.Helper()
	body, contentType := Form(c.t, "profile_pic", filename, data, fields...)
	return c.Send("POST", "/api/upload-picture", contentType, body)
}

// Form encodes a multipart form with one file, after some fields and their values.
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

// Do sends a request that the test made itself, and keeps the cookie that comes back.
// It fails the test if the answer does not match the OpenAPI document. The request has
// to match too if it was accepted.
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
			c.t.Errorf("%s %s does not match openapi.json: %v\n%d %.500q", r.Method, r.URL.Path, err, res.StatusCode, data)
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

// bodyOf returns a copy of a request's body, unless it is a stream.
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
