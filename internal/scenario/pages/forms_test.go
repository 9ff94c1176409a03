package pages

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// browserOf returns a client that asks for pages, as browsers do. It keeps all cookies.
func browserOf(t *testing.T, server *testkit.Server) *visitor {
	client := server.NewClient(t)
	client.Undocumented = true // pages are not in the OpenAPI document
	client.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	client.Header.Set("Sec-Fetch-Site", "same-origin")
	return &visitor{client, map[string]string{}}
}

type visitor struct {
	*testkit.Client
	cookies map[string]string
}

// post sends a form of names and values.
func (v *visitor) post(path string, fields ...string) *testkit.Answer {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.keep(v.Send("POST", path, "application/x-www-form-urlencoded", []byte(form.Encode())))
}

func (v *visitor) keep(a *testkit.Answer) *testkit.Answer {
	for _, cookie := range a.Cookies {
		v.cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(v.cookies, cookie.Name)
		}
	}
	v.Client.Cookie = "" // all cookies are in the header
	var all []string
	for name, value := range v.cookies {
		all = append(all, name+"="+value)
	}
	v.Header.Set("Cookie", strings.Join(all, "; "))
	return a
}

// says fails the test unless a page has a text.
func says(t *testing.T, page *testkit.Answer, status int, texts ...string) {
	t.Helper()
	page.Want(status)
	if kind := page.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Fatalf("the answer is %s", kind)
	}
	for _, text := range texts {
		if !strings.Contains(string(page.Body), text) {
			t.Errorf("the page lacks %q:\n%s", text, page.Body)
		}
	}
}

func leadsTo(t *testing.T, a *testkit.Answer, address string) {
	t.Helper()
	if got := a.Want(http.StatusSeeOther).Header.Get("Location"); got != address {
		t.Errorf("it leads to %q, not %q", got, address)
	}
}

// message is a message in the development mailbox.
type message struct{ Purpose, Link, Code, Subject string }

func (m message) token() string {
	_, token, _ := strings.Cut(m.Link, "#")
	return token
}

// newest returns the latest message to an address for a purpose.
func newest(t *testing.T, server *testkit.Server, to, purpose string) message {
	t.Helper()
	client := server.NewClient(t)
	client.Undocumented = true
	var box struct{ Messages []message }
	answer := client.Get("/dev/mail.json?to=" + url.QueryEscape(to)).Want(200)
	if err := json.Unmarshal(answer.Body, &box); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(box.Messages, func(m message) bool { return m.Purpose == purpose })
	if i < 0 {
		t.Fatalf("no message to %s for %s: %s", to, purpose, answer.Body)
	}
	return box.Messages[i]
}

// The form asks for a message, whether there is an account or not, and the answers are alike.
func TestForgotForm(t *testing.T) {
	server := testkit.Start(t, development)
	server.Register(t, "ada@example.com")
	known, unknown := browserOf(t, server), browserOf(t, server)
	a, b := known.post("/forgot", "email", "ada@example.com"), unknown.post("/forgot", "email", "eve@example.com")
	leadsTo(t, a, "forgot?sent")
	leadsTo(t, b, "forgot?sent")
	says(t, known.Get("/forgot?sent"), 200, "for ada@example.com")
	says(t, unknown.Get("/forgot?sent"), 200, "for eve@example.com")
	says(t, browserOf(t, server).Get("/forgot?sent"), 200, "Enter the e-mail address of your account.")
	if m := newest(t, server, "ada@example.com", "reset"); m.Code == "" {
		t.Errorf("the message is %+v", m)
	}
	page := known.post("/forgot", "email", "")
	says(t, page, 400, `<a href="#email">Enter an e-mail address.</a>`, `aria-invalid="true"`, `aria-describedby="email-problem"`, "<title>Error: ")
}

// A new password is set by the token of the link, or by the code and the address. What was
// typed is kept, but no password.
func TestResetForm(t *testing.T) {
	server := testkit.Start(t, development)
	server.Register(t, "ada@example.com")
	visitor := browserOf(t, server)
	visitor.post("/forgot", "email", "ada@example.com")
	m := newest(t, server, "ada@example.com", "reset")
	says(t, visitor.Get("/reset"), 200, `value="ada@example.com"`, `autocomplete="one-time-code"`, `autocomplete="new-password"`, `minlength="8"`)

	page := visitor.post("/reset", "token", m.token(), "new_password", "password")
	says(t, page, 400, "one of the most common", `name="token" value="`+m.token()+`"`)
	if strings.Contains(string(page.Body), `value="password"`) || strings.Contains(string(page.Body), `name="code"`) {
		t.Errorf("the page: %s", page.Body)
	}
	page = visitor.post("/reset", "token", "", "email", "ada@example.com", "code", "BCDF-GHJK", "new_password", "another pass phrase")
	says(t, page, 400, `<a href="#code">This code is wrong`, `value="BCDF-GHJK"`, `value="ada@example.com"`)
	typed := strings.ToLower(m.Code[:4]) + " - " + m.Code[4:] + " "
	leadsTo(t, visitor.post("/reset", "email", "ada@example.com", "code", typed, "new_password", "another pass phrase"), "reset?done")
	says(t, visitor.Get("/reset?done"), 200, "Password changed", `href="login"`)
	page = visitor.post("/reset", "token", m.token(), "new_password", "another pass phrase")
	says(t, page, 400, "This link has expired or was already used.", `href="forgot"`)
	if strings.Contains(string(page.Body), m.token()) {
		t.Error("the page keeps a token of no use")
	}
	server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "another pass phrase")).Want(200)
}

// Opening a link changes nothing: mail scanners do that.
func TestOpeningALinkChangesNothing(t *testing.T) {
	server := testkit.Start(t, development)
	client := server.Register(t, "ada@example.com")
	for _, path := range []string{"/verify", "/reset", "/undo", "/login", "/forgot", "/verify?token=" + newest(t, server, "ada@example.com", "verify").token()} {
		for _, method := range []string{"GET", "HEAD"} {
			answer := browserOf(t, server).Send(method, path, "", nil).Want(200)
			if len(answer.Cookies) > 0 {
				t.Errorf("%s %s sets %v", method, path, answer.Cookies)
			}
		}
	}
	if strings.Contains(string(client.Get("/api/user").Body), `"email_verified":true`) {
		t.Error("the address counts as verified")
	}
}

// The same page confirms the address of an account and, later, a new one.
func TestVerifyForm(t *testing.T) {
	server := testkit.Start(t, development)
	visitor := browserOf(t, server)
	client := server.Register(t, "ada@example.com")
	client.Undocumented = true
	visitor.cookies["session"] = client.Cookie
	visitor.keep(visitor.Get("/verify"))
	leadsTo(t, visitor.post("/verify", "send", "1"), "verify?sent")
	leadsTo(t, visitor.post("/verify", "token", "", "code", newest(t, server, "ada@example.com", "verify").Code), "verify?done")
	says(t, visitor.Get("/verify?done"), 200, "You are signed in.")
	says(t, visitor.post("/verify", "send", "1"), 409, "verified already")

	client.Post("/api/email", map[string]any{"email": "ada@example.org", "current_password": "simplepass"}).Want(202)
	m := newest(t, server, "ada@example.org", "change")
	leadsTo(t, browserOf(t, server).post("/verify", "token", m.token()), "verify?done")
	if user := client.User(); user.Email != "ada@example.org" {
		t.Errorf("the address is %s", user.Email)
	}
	says(t, browserOf(t, server).post("/verify", "token", m.token()), 400, "This link has expired or was already used.", `href="login"`)
}

// Where addresses are verified first, the form signs in the browser that registered.
func TestVerifyFormSignsIn(t *testing.T) {
	server := testkit.Start(t, development, func(c *cardea.Config) { c.EmailVerification = "required" })
	visitor, other := browserOf(t, server), browserOf(t, server)
	visitor.keep(visitor.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(202))
	answer := visitor.post("/verify", "token", newest(t, server, "ada@example.com", "verify").token())
	leadsTo(t, answer, "verify?done")
	if answer.Cookie == nil {
		t.Error("the browser that registered is not signed in")
	}
	says(t, visitor.Get("/verify?done"), 200, "You are signed in.")

	other.keep(other.Post("/api/register", testkit.Registration("Eve", "eve@example.com", "simplepass")).Want(202))
	answer = browserOf(t, server).post("/verify", "token", newest(t, server, "eve@example.com", "verify").token())
	leadsTo(t, answer, "verify?done")
	if answer.Cookie != nil {
		t.Error("another browser is signed in")
	}
}

// Without script, the whole link of a notice is pasted.
func TestUndoForm(t *testing.T) {
	server := testkit.Start(t, development)
	client := server.Register(t, "ada@example.com")
	client.Post("/api/password", testkit.PasswordChange("simplepass", "another pass phrase")).Want(200)
	m := newest(t, server, "ada@example.com", "notice")
	visitor := browserOf(t, server)
	says(t, visitor.post("/undo", "token", "", "link", "nonsense"), 400, "This link has expired", `value="nonsense"`)
	leadsTo(t, visitor.post("/undo", "token", "", "link", " "+m.Link+" "), "undo?done")
	says(t, visitor.Get("/undo?done"), 200, "Your account is secured")
	client.Get("/api/user").WantError(401, "not_logged_in")
	if m := newest(t, server, "ada@example.com", "reset"); !strings.Contains(m.Link, "/reset#") {
		t.Errorf("the newest message is %+v", m)
	}
	says(t, visitor.post("/undo", "token", m.token()), 400, "This link has expired", `href="forgot"`)
}

// A browser's form at /login gets pages, a program JSON.
func TestLoginForm(t *testing.T) {
	server := testkit.Start(t, development, withMailLogin)
	server.Register(t, "ada@example.com")
	visitor := browserOf(t, server)
	says(t, visitor.Get("/login"), 200, `autocomplete="username"`, `autocomplete="current-password"`)
	says(t, visitor.post("/login", "email", "ada@example.com", "password", "wrongpass"), 401,
		"The e-mail address or password is wrong.", `value="ada@example.com"`)
	answer := visitor.post("/login", "email", "ada@example.com", "password", "simplepass")
	leadsTo(t, answer, "./")
	if answer.Cookie == nil {
		t.Error("no session")
	}

	visitor = browserOf(t, server)
	leadsTo(t, visitor.post("/login", "send", "1", "email", "ada@example.com"), "login?code")
	says(t, visitor.Get("/login?code"), 200, "for ada@example.com", "10 minutes")
	m := newest(t, server, "ada@example.com", "login")
	says(t, browserOf(t, server).post("/login", "token", m.token()), 401, "This link has expired or was already used.")
	says(t, visitor.post("/login", "token", "", "code", "BCDFGHJK"), 401, "This code is wrong")
	leadsTo(t, visitor.post("/login", "token", m.token()), "./")

	program := server.Register(t, "eve@example.com")
	program.Post("/login", testkit.Credentials("eve@example.com", "simplepass")).Want(200).
		WantBody(`{"status":"success","message":"Login successful!"}`)
	program.Header.Set("Accept", "text/html")
	program.Post("/login", testkit.Credentials("ada@example.com", "wrongpass")).WantError(401, "invalid_credentials")
	program.Header.Del("Accept")
	program.Send("POST", "/login", "text/plain", []byte("x")).WantError(415, "unsupported_media_type")
}
