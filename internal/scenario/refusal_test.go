package scenario

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Answers that no route gives have the safety headers too, those of net/http included.
func TestRefusalsAreSafeInABrowser(t *testing.T) {
	address := startServing(t)
	long := strings.Repeat("x", 32<<10)
	for what, c := range map[string]struct{ request, status string }{
		"all of the server":  {"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "204"},
		"no host":            {"GET / HTTP/1.1\r\n\r\n", "400"},
		"no request":         {"\x16\x03\x01\r\n\r\n", "400"},
		"a long header":      {"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + long + "\r\n\r\n", "431"},
		"an unknown coding":  {"POST /api/logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n", "501"},
		"an expectation":     {"POST /api/login HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 5\r\n\r\n", "417"},
		"an old version":     {"POST /api/login HTTP/1.0\r\nExpect: miracles\r\nContent-Length: 5\r\n\r\n", "417"},
		"after an answer":    {"GET /none HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n", "404"},
		"a header of 31 KiB": {"GET /none HTTP/1.1\r\nHost: x\r\nX-Long: " + long[:31<<10] + "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "404"},
		"a later version":    {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", "505"},
		"a host":             {"GET / HTTP/1.1\r\nHost: a%2fb\r\nConnection: close\r\n\r\n", "400"},
	} {
		t.Run(what, func(t *testing.T) {
			conn := testkit.Dial(t, address)
			go func() { _, _ = io.WriteString(conn, c.request) }()
			answers := bufio.NewReader(conn)
			answer := readAnswer(t, answers)
			h, text := answer.header, answer.text
			if !strings.HasPrefix(answer.status, c.status) || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" ||
				!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("Referrer-Policy") != "no-referrer" ||
				h.Get("Cross-Origin-Resource-Policy") != "same-origin" {
				t.Errorf("%s, want %s: %v", answer.status, c.status, h)
			}
			if c.status != "204" && (h.Get("Content-Type") != "application/json; charset=utf-8" || !strings.HasPrefix(text, `{"status":"error","message":"`)) {
				t.Errorf("%s: %v %s", answer.status, h, text)
			}
			if c.status != "404" {
				return
			}
			if next := readAnswer(t, answers); !strings.HasPrefix(next.status, "400 ") || !strings.HasSuffix(next.text, `"code":"malformed_request"}`) {
				t.Errorf("then %+v", next)
			}
		})
	}
}

// rawAnswer is an answer that was read from a connection.
type rawAnswer struct {
	status string
	header http.Header
	text   string
}

func readAnswer(t *testing.T, from *bufio.Reader) rawAnswer {
	t.Helper()
	answer, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rawAnswer{answer.Status, answer.Header, string(text)}
}
