package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// serveWithFiles starts a server that may have so many files open.
func serveWithFiles(t *testing.T, files int, flags ...string) *server {
	t.Helper()
	args := serveCommand(t, t.TempDir(), flags...).Args
	script := fmt.Sprintf(`ulimit -n %d && exec "$@"`, files)
	return awaitServer(launch(t, exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "sh"}, args...)...), cheap...))
}

// dialFrom connects from an address of this machine.
func (s *server) dialFrom(ip string) (net.Conn, error) {
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}, Timeout: patience}
	conn, err := from.DialContext(s.t.Context(), "tcp", s.addr)
	if err == nil {
		s.t.Cleanup(func() { _ = conn.Close() })
	}
	return conn, err
}

// asks sends one request from an address, on a connection of its own, and returns the
// status; 0: there was no answer.
func (s *server) asks(ip, method, path string, body any) int {
	s.t.Helper()
	dial := &http.Transport{DisableKeepAlives: true, DialContext: func(_ context.Context, _, _ string) (net.Conn, error) { return s.dialFrom(ip) }}
	data, _ := json.Marshal(body)
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(data))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := dial.RoundTrip(r)
	if err != nil {
		s.t.Logf("%s %s from %s: %v", method, path, ip, err)
		return 0
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

var refusedTotal = regexp.MustCompile(`cardea_connections_(?:closed_total|refused_total\{.+\}) ([1-9]\d*)`)

// A thousand connections that send nothing, or half a header, from three addresses do not
// keep others out, whether the server may have many files open or few.
func TestCrowdOfConnections(t *testing.T) {
	t.Parallel()
	for _, files := range []int{64, 1024} {
		t.Run(fmt.Sprint(files), func(t *testing.T) {
			ops := freeAddress(t)
			s := serveWithFiles(t, files, "--ops-listen", ops)
			s.client().Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
			login := testkit.Credentials("ada@example.com", "simplepass")
			most, victims := 0, 0
			for i := range 1009 {
				conn, err := s.dialFrom(fmt.Sprintf("127.0.0.%d", 2+i%3))
				if err != nil {
					t.Fatalf("connection %d: %v", i, err)
				}
				switch i % 4 {
				case 1:
					_, _ = io.WriteString(conn, "GET /api/user HTTP/1.1\r\nHost: x\r\nX-Slow: ")
				case 2:
					_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
				}
				if i%50 != 49 {
					continue
				}
				most = max(most, s.descriptors())
				from := fmt.Sprintf("127.0.1.%d", i/50)
				for _, answered := range []bool{
					s.asks(from, "GET", "/readyz", nil) == 200,
					s.asks(from, "POST", "/api/login", login) == 200,
					s.asks("127.0.0.1", "GET", "/healthz", nil) == 200,
				} {
					if victims++; !answered {
						t.Error("a victim was not served")
					}
				}
			}
			cpuBefore, _ := s.usage()
			<-time.After(time.Second)
			cpu, _ := s.usage()
			t.Logf("%d files: %d victims served, at most %d descriptors, %v of CPU time in 1 s", files, victims, most, cpu-cpuBefore)
			if most >= files {
				t.Errorf("%d descriptors", most)
			}
			operators := testkit.NewClient(t, "http://"+ops)
			operators.Undocumented = true
			if body := string(operators.Get("/metrics").Want(200).Body); !refusedTotal.MatchString(body) {
				t.Error("the metrics do not show it")
			}
			log := s.stderr.String()
			if n := strings.Count(log, "too many connections"); n < 1 || n > 3 || strings.Contains(log, "too many open files") {
				t.Errorf("logged it %d times:\n%.2000s", n, log)
			}
			s.stop()
		})
	}
}
