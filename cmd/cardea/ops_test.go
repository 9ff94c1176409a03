package main

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Operators have their own listener. The public one has none of its routes.
func TestOperatorsListener(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	s := serve(t, t.TempDir(), nil, "--ops-listen", address)
	ops, public := testkit.NewClient(t, "http://"+address), s.client()
	ops.Undocumented = true

	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/symbol"} {
		ops.Get(path).Want(http.StatusOK)
		public.Get(path).WantError(http.StatusNotFound, "not_found")
	}
	ops.Get("/api/user").Want(http.StatusNotFound)
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:9": 200, "127.0.0.1": 200, "127.8.8.8:5001": 200, "[::1]:5001": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:5001": 421, "localhost.evil.example": 421, "10.0.0.1": 421, "127.0.0.1.evil.example": 421,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ops.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		if got := ops.Do(r).Status; got != want {
			t.Errorf("Host %s: %d, want %d", host, got, want)
		}
	}
	ops.Get("/debug/pprof/cmdline").Want(http.StatusNotFound) // the command line may have secrets
	s.stop()
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); !isRefused(err) {
		t.Errorf("the operators' listener is still open: %v", err)
	}
}

// Beyond loopback operators need the token, and there is no profiler. On loopback a token
// is possible, too.
func TestOperatorsToken(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-24-characters"
	file := filepath.Join(t.TempDir(), "token")
	writeFile(t, file, []byte("\ufeff"+token+"\r\n")) // as some editors write it
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		listen, prints string
		pprof          int
	}{
		{"0.0.0.0:" + port, "/metrics\n", http.StatusNotFound},
		{"127.0.0.1:" + port, "/debug/pprof/\n", http.StatusOK},
	} {
		s := serve(t, t.TempDir(), nil, "--ops-listen", c.listen, "--ops-token-file", file)
		ops := testkit.NewClient(t, "http://127.0.0.1:"+port)
		ops.Undocumented = true
		for authorization, want := range map[string]int{
			"":                      401,
			"Bearer":                401,
			"Bearer " + token[1:]:   401,
			"Bearer " + token + "x": 401,
			"Basic " + token:        401,
			token:                   401,
			"Bearer " + token:       200,
			"bearer  " + token:      200, // schemes are case-insensitive (RFC 9110, section 11.1)
		} {
			ops.Header.Set("Authorization", authorization)
			if got := ops.Get("/metrics"); got.Status != want || (got.Header.Get("WWW-Authenticate") == "Bearer") != (want == 401) {
				t.Errorf("%s, %q: %d, %q; want %d", c.listen, authorization, got.Status, got.Header.Get("WWW-Authenticate"), want)
			} else if h := got.Header; h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Errorf("%s, %q: headers %v", c.listen, authorization, h)
			}
		}
		ops.Header.Set("Authorization", "Bearer "+token)
		ops.Get("/debug/pprof/heap").Want(c.pprof)
		eventually(t, "the complete greeting", func() bool { return strings.Contains(s.stdout.String(), c.prints) })
		s.stop()
		if n := strings.Count(s.stderr.String(), "operators' token refused"); n != 1 {
			t.Errorf("%d lines about wrong tokens, want one a minute: %s", n, s.stderr.String())
		}
		if strings.Contains(s.stdout.String()+s.stderr.String(), token) {
			t.Error("the token was printed")
		}
	}
}

func TestUselessTokenFile(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":     "",
		"too short": "fifteen-letters\n",
		"two lines": "a-token-of-24-characters\na-token-of-24-characters\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "token")
			writeFile(t, file, []byte(text))
			p := run(t, nil, "serve", "--ops-listen", "0.0.0.0:0", "--ops-token-file", file)
			p.wantEnd(exitUsage, "--ops-token-file: ", file, "at least 16")
		})
	}
}

// The figures after one registration, one failed login and one request for an unknown
// address.
func TestMetrics(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	s := serve(t, t.TempDir(), nil, "--ops-listen", address, "--argon2-memory", "64", "--argon2-time", "1")
	client := s.client()
	client.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
	client.Post("/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(http.StatusUnauthorized)
	client.Get("/no/such/" + strings.Repeat("x", 100)).Want(http.StatusNotFound)
	ops := testkit.NewClient(t, "http://"+address)
	ops.Undocumented = true
	metrics := string(ops.Get("/metrics").Want(http.StatusOK).Body)
	for _, line := range []string{
		`cardea_http_requests_total{method="POST",route="/api/register",status="201"} 1`,
		`cardea_http_requests_total{method="POST",route="/login",status="401"} 1`,
		`cardea_http_requests_total{method="GET",route="none",status="404"} 1`,
		`cardea_http_request_duration_seconds_count{method="POST",route="/api/register"} 1`,
		`cardea_events_total{event="registered"} 1`,
		`cardea_events_total{event="login_failed"} 1`,
		`cardea_pool_running{pool="hashing"} 0`,
		`cardea_pool_waiting{pool="decoding"} 0`,
		`cardea_pool_refused_total{pool="hashing"} 0`,
		`cardea_pool_displaced_total{pool="hashing"} 0`,
		`cardea_pool_done_total{pool="hashing"} 2`,
		`cardea_pool_wait_seconds_total{pool="hashing"} `,
		`go_goroutines `,
		`process_open_fds `,
		`cardea_database_bytes `,
		`cardea_build_info{version="` + version + `"} 1`,
		`cardea_users 1`,
		`cardea_sessions 1`,
		`cardea_pictures 0`,
		`cardea_session_cache_entries `,
		`cardea_session_cache_hits_total `,
		`cardea_session_cache_misses_total `,
		`cardea_job_failures_total{job="sessions"} 0`,
		`cardea_job_failures_total{job="orphans"} 0`,
	} {
		if !strings.Contains(metrics, "\n"+line) {
			t.Errorf("no %s", line)
		}
	}
}

// freeAddress returns an address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was served
	return l.Addr().String()
}
