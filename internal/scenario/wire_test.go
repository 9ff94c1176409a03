package scenario

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// startServing runs a server with Serve, as the command does, and returns its address.
func startServing(t *testing.T) string {
	t.Helper()
	server, err := cardea.New(cardea.Config{Data: t.TempDir(), Argon2Memory: 64, Argon2Time: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return testkit.Serve(t, server)
}

// letters is an endless reader.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// A client that is still sending when its body is refused can finish and read the answer.
// The connection may close afterwards, but not before.
func TestLargeBodiesGetAnAnswer(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	const size = 30 << 20
	form := "--x\r\nContent-Disposition: form-data; name=\"profile_pic\"; filename=\"a.png\"\r\n\r\n"
	for what, c := range map[string]struct {
		path, contentType, begin, cookie string
		chunked                          bool
		status                           int
	}{
		"30 MB picture":             {"/api/upload-picture", "multipart/form-data; boundary=x", form, client.Cookie, false, 413},
		"of undeclared length":      {"/api/upload-picture", "multipart/form-data; boundary=x", form, client.Cookie, true, 413},
		"without a session":         {"/api/upload-picture", "multipart/form-data; boundary=x", form, "", false, 401},
		"30 MB of JSON":             {"/api/login", "application/json", `{"email":"`, "", false, 413},
		"JSON, undeclared length":   {"/api/login", "application/json", `{"email":"`, "", true, 413},
		"to an unknown route":       {"/api/none", "text/plain", "x", "", false, 404},
		"to a route for GET":        {"/api/user", "text/plain", "x", "", false, 405},
		"to a route without a body": {"/api/logout", "text/plain", "x", "", false, 200},
	} {
		t.Run(what, func(t *testing.T) {
			conn := testkit.Dial(t, server.URL)
			body := io.MultiReader(strings.NewReader(c.begin), io.LimitReader(letters{}, size-int64(len(c.begin))))
			r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+c.path, body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", c.contentType)
			r.Header.Set("Cookie", "session="+c.cookie)
			if r.ContentLength = size; c.chunked {
				r.ContentLength = -1
			}
			// Simple clients send everything, then read.
			if err := r.Write(conn); err != nil {
				t.Fatalf("cut off while sending: %v", err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), r)
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != c.status || !bytes.HasPrefix(text, []byte(`{"status":`)) {
				t.Errorf("status %d, want %d; %s (%v)", res.StatusCode, c.status, text, err)
			}
		})
	}
}

// A client that sends Expect: 100-continue is refused before it sends its body.
func TestExpectContinueIsRefusedEarly(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	conn := testkit.Dial(t, server.URL)
	fmt.Fprintf(conn, "POST /api/upload-picture HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n"+
		"Content-Type: multipart/form-data; boundary=x\r\nCookie: session=%s\r\n\r\n", 30<<20, client.Cookie)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("status %d, want 413", res.StatusCode)
	}
}

// A client that sends Expect: 100-continue is told to continue, or refused before it sends
// its body.
func TestExpectContinue(t *testing.T) {
	server := startWatched(t)
	ada := server.Register(t, "ada@example.com")
	form, formType := testkit.Form(t, "profile_pic", "a.png", testkit.PNG(20, 20))
	credentials := `{"email":"ada@example.com","password":"simplepass"}`
	head := func(path, cookie, contentType string, length int) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nCookie: session=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
			path, cookie, contentType, length)
	}
	for what, c := range map[string]struct{ head, body, status string }{
		"login":               {head("/api/login", "", "application/json", len(credentials)), credentials, "200"},
		"upload":              {head("/api/upload-picture", ada.Cookie, formType, len(form)), string(form), "200"},
		"not signed in":       {head("/api/upload-picture", "", formType, len(form)), "", "401"},
		"too large a file":    {head("/api/upload-picture", ada.Cookie, formType, 11<<20), "", "413"},
		"too large a JSON":    {head("/api/login", "", "application/json", 65<<10), "", "413"},
		"not JSON":            {head("/api/login", "", "text/plain", 5), "", "415"},
		"not a form":          {head("/api/upload-picture", ada.Cookie, "image/png", 5), "", "415"},
		"no such route":       {head("/api/none", "", formType, 5), "", "404"},
		"something else":      {strings.Replace(head("/api/login", "", "application/json", 5), "100-continue", "miracles", 1), "", "417"},
		"from another origin": {strings.Replace(head("/api/login", "", "application/json", 5), "Host: x", "Host: x\r\nOrigin: http://evil.example", 1), "", "403"},
	} {
		t.Run(what, func(t *testing.T) {
			client := testkit.Dial(t, server.URL)
			answers := bufio.NewReader(client)
			_, _ = io.WriteString(client, c.head)
			if c.body != "" {
				if line, err := answers.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 100 ") {
					t.Fatalf("%q, %v, want 100", line, err)
				}
				_, _ = answers.ReadString('\n')
				_, _ = io.WriteString(client, c.body)
			}
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if !strings.HasPrefix(answer.Status, c.status) {
				t.Errorf("answered with %s, want %s", answer.Status, c.status)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			if c.body != "" || c.status == "417" {
				return // the connection stays open; net/http takes ten seconds to close after its 417
			}
			// If the client sends its body all the same, it must not be read as a request.
			_ = client.SetDeadline(time.Now().Add(cutWithin))
			if _, err := answers.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the connection is not closed: %v", err)
			}
		})
	}
}

func TestHugeCookie(t *testing.T) {
	t.Parallel()
	address := startServing(t)
	for _, size := range []int{5_000, 100_000, 2_000_000} {
		conn := testkit.Dial(t, address)
		go fmt.Fprintf(conn, "GET /api/user HTTP/1.1\r\nHost: x\r\nCookie: session=%s\r\n\r\n", strings.Repeat("A", size))
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("a cookie of %d bytes: %v", size, err)
		}
		res.Body.Close()
		if res.StatusCode != 401 && res.StatusCode != 431 {
			t.Errorf("a cookie of %d bytes: status %d", size, res.StatusCode)
		}
	}
}

// Headers and addresses that are too long are refused before they end.
func TestHeaderAndAddressLimits(t *testing.T) {
	t.Parallel()
	server := startWatched(t)
	long := strings.Repeat("x", 40<<10)
	for what, c := range map[string]struct{ request, status string }{
		"a header":          {"GET /api/user HTTP/1.1\r\nHost: x\r\nX-Long: " + long + "\r\n\r\n", "431"},
		"a cookie":          {"GET /api/user HTTP/1.1\r\nHost: x\r\nCookie: session=" + long + "\r\n\r\n", "431"},
		"many headers":      {"GET /api/user HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("a: b\r\n", 8000) + "\r\n", "431"},
		"an address":        {"GET /" + long + " HTTP/1.1\r\nHost: x\r\n\r\n", "431"},
		"a query":           {"GET /api/user?" + long + " HTTP/1.1\r\nHost: x\r\n\r\n", "431"},
		"a method":          {long + " / HTTP/1.1\r\nHost: x\r\n\r\n", "431"},
		"no end of a line":  {strings.Repeat(long, 10), "431"},
		"a trailer":         {"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\n{}\r\n0\r\nX: " + long + "\r\n\r\n", "400"},
		"a chunk extension": {"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2;" + long + "\r\n{}\r\n0\r\n\r\n", "400"},
		"a shorter header":  {"GET /api/user HTTP/1.1\r\nHost: x\r\nX-Long: " + long[:30<<10] + "\r\n\r\n", "401"},
		"a shorter address": {"GET /" + long[:30<<10] + " HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
	} {
		t.Run(what, func(t *testing.T) {
			client := testkit.Dial(t, server.URL)
			go func() { _, _ = io.WriteString(client, c.request) }()
			line, err := bufio.NewReader(client).ReadString('\n')
			if !strings.HasPrefix(line, "HTTP/1.1 "+c.status+" ") {
				t.Errorf("answered with %q, %v, want %s", line, err, c.status)
			}
		})
	}
}

// If the end of a request is ambiguous, the request is refused. Nothing after it is read
// as a request. Nor is anything after a request of HTTP/1.0.
func TestFraming(t *testing.T) {
	address := startServing(t)
	const smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	for what, c := range map[string]struct{ head, status string }{
		"two lengths":             {"POST /api/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n", "400"},
		"a signed length":         {"POST /api/logout HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n", "400"},
		"an unknown coding":       {"POST /api/logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n", "501"},
		"two codings":             {"POST /api/logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "501"},
		"a space before a colon":  {"POST /api/logout HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n", "400"},
		"two hosts":               {"POST /api/logout HTTP/1.1\r\nHost: x\r\nHost: y\r\n", "400"},
		"a bare CR in a header":   {"POST /api/logout HTTP/1.1\r\nHost: x\r\nX-A: b\rc\r\n", "400"},
		"chunks in HTTP/1.0":      {"POST /api/logout HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n", "200"},
		"a length in HTTP/1.0":    {"POST /api/logout HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n", "200"},
		"a read in HTTP/1.0":      {"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n", "200"},
		"a 404 in HTTP/1.0":       {"GET /none HTTP/1.0\r\nConnection: keep-alive\r\n", "404"},
		"HTTP/2, not spoken here": {"PRI * HTTP/2.0\r\n", "404"},
	} {
		t.Run(what, func(t *testing.T) {
			conn := testkit.Dial(t, address)
			_, _ = io.WriteString(conn, c.head+"\r\n"+smuggled)
			text, err := io.ReadAll(conn)
			first, _, _ := strings.Cut(string(text), "\r\n")
			if err != nil || !strings.HasPrefix(first, "HTTP/1.") || !strings.Contains(first, " "+c.status+" ") || strings.Count(string(text), "HTTP/1.") != 1 {
				t.Errorf("%q (%v)", text, err)
			}
		})
	}
	// With both, chunks decide (RFC 9112 section 6.3), and the connection closes (6.1).
	conn := testkit.Dial(t, address)
	_, _ = io.WriteString(conn, "POST /api/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"+smuggled)
	text, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 200 ") || strings.Count(string(text), "HTTP/1.1 ") != 1 ||
		!strings.Contains(string(text), "\r\nConnection: close\r\n") {
		t.Errorf("%q (%v)", text, err)
	}
}
