package testkit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

const (
	user        = `{"id":"k3v9x2q7mzt4hw5e","name":"Ada","email":"ada@example.com","email_verified":false,"language":null,"profile_pic_url":null,"profile_pic_urls":null,"avatar_url":"http://localhost:5000/avatars/mxk5vq2dzr7oc4ynhp3tbi6waugbkuy.png","created_at":"2026-11-22T15:04:05Z"}`
	userFound   = `{"status":"success","user":` + user + `}`
	notLoggedIn = `{"status":"error","message":"Not logged in","code":"not_logged_in"}`
	signedIn    = `{"status":"success","message":"Login successful!"}`
	password    = `{"email":"ada@example.com","password":"simplepass"}`
	cookie      = "session=K5N4Q7XB2M6TJWZ3R1VYC8DPLA; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax"
)

// answer is an exchange that matches the document. Tests change it into one that does not.
type answer struct {
	method, path, contentType, sent, cookie string
	status                                  int
	header                                  http.Header
	body                                    string
}

func (a answer) check(t *testing.T) error {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), a.method, "http://localhost:5000"+a.path, strings.NewReader(a.sent))
	if a.contentType != "" {
		r.Header.Set("Content-Type", a.contentType)
	}
	if a.cookie != "" {
		r.Header.Set("Cookie", a.cookie)
	}
	return testkit.OurContract().Check(&testkit.Exchange{
		Request: r, Sent: []byte(a.sent), Status: a.status, Header: a.header, Body: []byte(a.body),
	})
}

// headers are those of a read that succeeds, and more in pairs.
func headers(more ...string) http.Header {
	h := http.Header{"Cache-Control": {"no-store"}, "Content-Type": {"application/json; charset=utf-8"}}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

// changed are the headers of a change or an error, which have an id, and more in pairs.
func changed(more ...string) http.Header {
	return headers(append(more, "X-Request-Id", "q5d2m7x4k3v6zthw")...)
}

var (
	read  = answer{"GET", "/api/user", "", "", "session=x", 200, headers(), userFound}
	login = answer{"POST", "/api/login", "application/json", password, "", 200, changed("Set-Cookie", cookie), signedIn}
	ended = answer{"DELETE", "/api/sessions/q5d2m7x4k3v6zthw", "", "", "session=x", 200, changed(), `{"status":"success","message":"Session ended"}`}
)

func with(a answer, change func(*answer)) answer {
	a.header = a.header.Clone()
	change(&a)
	return a
}

func TestContractAccepts(t *testing.T) {
	for what, a := range map[string]answer{
		"a success":       read,
		"one with a body": login,
		"one with a path": ended,
		"an alias":        with(login, func(a *answer) { a.path = "/login" }),
		"an error":        with(read, func(a *answer) { a.fail(401, notLoggedIn) }),
		"HEAD":            with(read, func(a *answer) { a.method, a.body = "HEAD", "" }),
		"an unknown key":  with(login, func(a *answer) { a.sent = `{"email":"a","password":"b","name":1}` }),
		"a refused body": with(login, func(a *answer) {
			a.sent, a.header = "{", headers()
			a.fail(400, failed("malformed_request"))
		}),
		"an unknown path": with(read, func(a *answer) { a.path = "/none"; a.fail(404, failed("not_found")) }),
		"an unknown method": with(read, func(a *answer) {
			a.method, a.header = "PUT", headers("Allow", "DELETE, GET, HEAD, PATCH")
			a.fail(405, failed("method_not_allowed"))
		}),
	} {
		if err := a.check(t); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// fail turns an answer into an error.
func (a *answer) fail(status int, body string) {
	a.status, a.body = status, body
	a.header.Set("X-Request-Id", "q5d2m7x4k3v6zthw")
}

func failed(code string) string {
	return fmt.Sprintf(`{"status":"error","message":"No.","code":%q}`, code)
}

// Every difference from the document is noticed.
func TestContractNotices(t *testing.T) {
	replace := func(old, new string) func(*answer) { //nolint:predeclared // as strings.Replace has it
		return func(a *answer) { a.body = strings.Replace(a.body, old, new, 1) }
	}
	form := "--x\r\nContent-Disposition: form-data; name=\"other\"; filename=\"a.png\"\r\n\r\nx\r\n--x--\r\n"
	for what, c := range map[string]struct {
		good   answer
		change func(*answer)
	}{
		"a header":               {read, func(a *answer) { a.header.Set("X-Powered-By", "Go") }},
		"a status":               {read, func(a *answer) { a.status = 202 }},
		"an error's status":      {read, func(a *answer) { a.fail(409, failed("email_taken")) }},
		"an extra key":           {read, replace(`"name"`, `"is_admin":false,"name"`)},
		"an extra key outside":   {read, replace(`"user"`, `"message":"Hello","user"`)},
		"a wrong type":           {read, replace(`"email_verified":false`, `"email_verified":"no"`)},
		"null":                   {read, replace(`"name":"Ada"`, `"name":null`)},
		"a missing key":          {read, replace(`"name":"Ada",`, ``)},
		"a missing null":         {read, replace(`"profile_pic_urls":null,`, ``)},
		"a wrong time":           {read, replace(`15:04:05Z`, `15:04:05`)},
		"a time elsewhere":       {read, replace(`15:04:05Z`, `15:04:05+01:00`)},
		"another message":        {login, replace(`successful!`, `successful`)},
		"a code":                 {read, func(a *answer) { a.fail(401, failed("signed_out")) }},
		"another status's code":  {read, func(a *answer) { a.fail(401, failed("invalid_credentials")) }},
		"an error without code":  {read, func(a *answer) { a.fail(401, `{"status":"error","message":"No."}`) }},
		"an error's extra key":   {read, func(a *answer) { a.fail(401, strings.Replace(notLoggedIn, `{`, `{"trace":"x",`, 1)) }},
		"no JSON":                {read, func(a *answer) { a.body = "OK" }},
		"a content type":         {read, func(a *answer) { a.header.Set("Content-Type", "text/plain") }},
		"no content type":        {read, func(a *answer) { a.header.Del("Content-Type") }},
		"caching":                {read, func(a *answer) { a.header.Set("Cache-Control", "public") }},
		"a read with an id":      {read, func(a *answer) { a.header = changed() }},
		"an error without an id": {read, func(a *answer) { a.fail(401, notLoggedIn); a.header.Del("X-Request-Id") }},
		"a change without an id": {ended, func(a *answer) { a.header.Del("X-Request-Id") }},
		"a missing header":       {login, func(a *answer) { a.header.Del("Set-Cookie") }},
		"a cookie for scripts":   {login, func(a *answer) { a.header.Set("Set-Cookie", "session=x; Path=/; SameSite=Lax") }},
		"no Retry-After":         {login, func(a *answer) { a.fail(429, failed("too_many_attempts")) }},
		"a Retry-After of words": {login, func(a *answer) {
			a.fail(429, failed("too_many_attempts"))
			a.header.Set("Retry-After", "soon")
		}},
		"a new path":          {read, func(a *answer) { a.path = "/api/users" }},
		"a new method":        {read, func(a *answer) { a.method = "PUT" }},
		"a path that is gone": {read, func(a *answer) { a.fail(404, failed("not_found")) }},
		"another Allow": {read, func(a *answer) {
			a.method, a.header = "PUT", headers("Allow", "GET, HEAD")
			a.fail(405, failed("method_not_allowed"))
		}},
		"a key no longer needed":  {login, func(a *answer) { a.sent = `{"email":"ada@example.com"}` }},
		"a type no longer needed": {login, func(a *answer) { a.sent = strings.Replace(password, `"simplepass"`, `12345678`, 1) }},
		"a request's type":        {login, func(a *answer) { a.contentType = "text/plain" }},
		"a field's new name": {answer{"POST", "/api/upload-picture", "multipart/form-data; boundary=x", form, "session=x", 200, changed(),
			`{"status":"success","message":"Profile picture updated","profile_pic_url":"http://localhost/uploads/x_a.png"}`}, func(*answer) {}},
		"an answer without a cookie": {read, func(a *answer) { a.cookie = "" }},
		"a long id":                  {ended, func(a *answer) { a.path += strings.Repeat("x", 64) }},
	} {
		if err := with(c.good, c.change).check(t); err == nil {
			t.Errorf("%s: not noticed", what)
		}
	}
}

// noting is a test that records its failures.
type noting struct {
	testing.TB
	failures []string
}

func (n *noting) Errorf(format string, args ...any) {
	n.failures = append(n.failures, fmt.Sprintf(format, args...))
}

// The client checks everything that it sends and receives.
func TestClientChecks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"status":"success","uptime":5}`))
	}))
	defer server.Close()
	n := &noting{TB: t}
	client := testkit.NewClient(n, server.URL)
	client.Get("/healthz")
	if len(n.failures) != 1 || !strings.Contains(n.failures[0], "openapi.json") || !strings.Contains(n.failures[0], "uptime") {
		t.Errorf("failures %q, want one that names the key", n.failures)
	}
	client.Undocumented = true
	if client.Get("/healthz"); len(n.failures) != 1 {
		t.Errorf("failures %q without a document", n.failures)
	}
}
