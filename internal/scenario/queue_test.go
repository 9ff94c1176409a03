package scenario

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// If a client goes away while it waits in the queue, its password is not hashed.
func TestGoneClientIsNotHashedFor(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.Argon2Memory, c.Argon2Time = 19456, 30 }) // 300 ms
	login := func(i int) func() {
		conn := testkit.Dial(t, server.URL)
		body := fmt.Sprintf(`{"email":"ada%d@example.com","password":"simplepass"}`, i)
		_, err := fmt.Fprintf(conn, "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		if err != nil {
			t.Fatal(err)
		}
		return func() { _ = conn.Close() }
	}
	workers := runtime.GOMAXPROCS(0)
	for i := range workers {
		login(i)
	}
	await(t, server, "running", workers)
	leave := login(workers)
	await(t, server, "waiting", 1)
	leave()
	await(t, server, "waiting", 0)
	await(t, server, "running", 0)
	if got := hashing(t, server, "done_total"); got != workers {
		t.Errorf("%d hashes, want %d", got, workers)
	}
}

// hashing returns a metric of the hashing pool.
func hashing(t *testing.T, server *testkit.Server, metric string) int {
	t.Helper()
	answer := httptest.NewRecorder()
	server.Metrics().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	line := regexp.MustCompile(`\ncardea_pool_` + metric + `\{pool="hashing"\} (\d+)\n`).FindSubmatch(answer.Body.Bytes())
	if line == nil {
		t.Fatalf("no metric %s in\n%s", metric, answer.Body)
	}
	n, _ := strconv.Atoi(string(line[1]))
	return n
}

func await(t *testing.T, server *testkit.Server, metric string, want int) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); hashing(t, server, metric) != want; <-tick.C {
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("%s does not become %d", metric, want)
		}
	}
}
