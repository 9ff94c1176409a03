package scenario

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A body must be one JSON object of the expected types.
func TestMalformedJSON(t *testing.T) {
	server := testkit.Start(t)
	signedIn := server.Register(t, "ada@example.com")
	nested := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for what, body := range map[string]string{
		"empty":                "",
		"white space":          " \n",
		"truncated":            `{"email":"ada@example.com"`,
		"an array":             `[{"email":"ada@example.com","password":"simplepass"}]`,
		"a string":             `"ada@example.com"`,
		"null":                 `null`,
		"two objects":          `{"email":"ada@example.com","password":"simplepass"}{}`,
		"text after it":        `{"email":"ada@example.com","password":"simplepass"}x`,
		"a name twice":         `{"email":"ada@example.com","email":"eve@example.com","password":"simplepass"}`,
		"a name twice, odd":    `{"email":"ada@example.com","\u0065mail":"eve@example.com","password":"simplepass"}`,
		"an unknown twice":     `{"x":1,"x":2,"email":"ada@example.com","password":"simplepass"}`,
		"not UTF-8":            "{\"email\":\"ada@example.com\xff\",\"password\":\"simplepass\"}",
		"half a surrogate":     `{"email":"ada@example.com\ud800","password":"simplepass"}`,
		"a raw NUL":            "{\"email\":\"ada@example.com\x00\",\"password\":\"simplepass\"}",
		"two byte order marks": "\ufeff\ufeff" + `{"email":"ada@example.com","password":"simplepass"}`,
		"a byte order mark":    "\ufeff",
		"UTF-16":               "\xff\xfe{\x00}\x00",
		"very many values":     `{"email":"ada@example.com","password":"simplepass","x":[0` + strings.Repeat(",0", 1000) + `]}`,
		"very many escapes":    `{"email":"ada@example.com","password":"simplepass","\\\"":{}` + strings.Repeat(",{}", 1000) + `}`,
		"nested deeply":        `{"email":"ada@example.com","password":"simplepass","x":` + nested + `}`,
		"single quotes":        `{'email':'ada@example.com'}`,
		"form data":            `email=ada@example.com&password=simplepass`,
		"a number":             `{"email":5,"password":"simplepass"}`,
		"an object inside":     `{"email":{"$ne":""},"password":{"$ne":""}}`,
		"a list inside":        `{"email":["ada@example.com"],"password":"simplepass"}`,
		"true":                 `{"email":true,"password":"simplepass"}`,
		"new password wrong":   `{"email":false,"name":[],"new_password":{},"current_password":1}`,
	} {
		t.Run(what, func(t *testing.T) {
			for path, client := range map[string]*testkit.Client{
				"/api/login": server.NewClient(t), "/login": server.NewClient(t),
				"/api/register": server.NewClient(t), "/api/password": signedIn,
			} {
				if path == "/api/password" && strings.Contains(body, `"email":`) && !strings.Contains(body, "new_password") &&
					what != "truncated" {
					continue // this route does not know e-mail
				}
				a := client.With(t).Send("POST", path, "application/json", []byte(body)).WantError(400, "malformed_request")
				if bytes.Contains(a.Body, []byte("ada@")) {
					t.Errorf("%s repeats what it was sent: %s", path, a.Body)
				}
			}
		})
	}
	signedIn.Get("/api/user").Want(200)
}

// Unusual bodies are accepted if they are one JSON object of the expected types.
func TestUnusualJSON(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "ada@example.com")
	for what, body := range map[string]string{
		"spaces":        " \r\n\t{ \"email\" : \"ada@example.com\" , \"password\" : \"simplepass\" } \n",
		"escapes":       `{"\u0065mail":"\u0061da@example.com","password":"simplepass"}`,
		"unknown names": `{"email":"ada@example.com","password":"simplepass","name":"","x":{"y":[1,2,{"z":null}]},"admin":true}`,
		"a mark":        "\ufeff" + `{"email":"ada@example.com","password":"simplepass"}`, // of the byte order
		"many values":   `{"email":"ada@example.com","password":"simplepass","x":"` + strings.Repeat(`\",{[`, 5000) + `","y":[0` + strings.Repeat(",0", 990) + `]}`,
		"other case":    `{"email":"ada@example.com","password":"simplepass","EMAIL":"eve@example.com","Password":5}`,
	} {
		t.Run(what, func(t *testing.T) {
			server.NewClient(t).Send("POST", "/api/login", "application/json", []byte(body)).Want(200)
		})
	}
}

func TestContentTypes(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "ada@example.com")
	body := []byte(`{"email":"ada@example.com","password":"simplepass"}`)
	for contentType, status := range map[string]int{
		"application/json":                   200,
		"Application/JSON":                   200,
		"application/json; charset=UTF-8":    200,
		"application/json;charset=utf8":      200,
		"application/json; charset=\"UTF8\"": 200,
		"application/json; charset=us-ascii": 200,
		"application/json;":                  200,
		"application/json;charset=utf-16":    415,
		"application/json; charset=latin1":   415,
		"text/plain":                         415,
		"":                                   415,
		"application/x-www-form-urlencoded":  415,
		"multipart/form-data; boundary=x":    415,
		"application/jsonp":                  415,
		"json":                               415,
		";;;":                                415,
	} {
		if a := server.NewClient(t).Send("POST", "/api/login", contentType, body); a.Status != status {
			t.Errorf("%q: status %d, want %d", contentType, a.Status, status)
		}
	}
	for coding, status := range map[string]int{
		"identity": 200, "Identity": 200, "identity, identity": 200, "": 200, "gzip": 415, "identity, gzip": 415, "identity;q=1": 415,
	} {
		client := server.NewClient(t)
		client.Header.Set("Content-Encoding", coding)
		if a := client.Send("POST", "/api/login", "application/json", body); a.Status != status {
			t.Errorf("Content-Encoding %q: status %d, want %d", coding, a.Status, status)
		}
	}
	ada := server.Login(t, "ada@example.com")
	ada.Header.Set("Content-Encoding", "identity")
	ada.Upload("a.png", testkit.PNG(5, 5)).Want(200)
}

// A JSON body has at most 64 KiB.
func TestJSONLimit(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "ada@example.com")
	begin, end := `{"email":"ada@example.com","password":"simplepass","x":"`, `"}`
	fill := strings.Repeat("x", 64<<10-len(begin)-len(end))
	server.NewClient(t).Send("POST", "/api/login", "application/json", []byte(begin+fill+end)).Want(200)
	server.NewClient(t).Send("POST", "/api/login", "application/json", []byte(begin+fill+"x"+end)).
		WantError(413, "body_too_large")
}
