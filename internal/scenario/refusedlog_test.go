package scenario

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A flood of refused requests makes few lines in the log. The next line and a metric have
// the number of those left out. Other lines stay.
func TestRefusedRequestsDoNotFloodTheLog(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	lines := func(status int) int { return strings.Count(server.Log.String(), fmt.Sprintf(`"status":%d,`, status)) }
	flood := func(ip string, refused int) {
		t.Helper()
		attacker := server.From(t, ip)
		for i := range 10 + refused {
			if answer := attacker.Guess(ip + "@example.com"); i < 10 {
				answer.Want(401)
			} else {
				answer.WantThrottled()
			}
		}
	}
	flood("192.0.2.1", 50)
	if lines(401) != 10 || lines(429) != 10 {
		t.Errorf("one network: %d lines of 401, %d of 429", lines(401), lines(429))
	}
	flood("192.0.2.2", 1)
	if line := lineWith(server.Log.String(), `"ip":"192.0.2.2","code":"too_many_attempts"`); !strings.HasSuffix(line, `,"more":40}`+"\n") {
		t.Errorf("the first line of another network: %q", line)
	}
	for i := range 30 { // ten of them find room for all of their lines
		flood(fmt.Sprintf("198.51.100.%d", i), 10)
	}
	if lines(401) != 100 || lines(429) != 100 {
		t.Errorf("many networks: %d lines of 401, %d of 429", lines(401), lines(429))
	}
	for range 20 {
		server.From(t, "192.0.2.1").Get("/none").Want(404)
	}
	if lines(404) != 20 {
		t.Errorf("%d lines of 404", lines(404))
	}
	answer := httptest.NewRecorder()
	server.Metrics().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if text := answer.Body.String(); !strings.Contains(text, "\n"+`cardea_http_unlogged_total{status="429"} 251`+"\n") {
		t.Errorf("the metrics have %s", lineWith(text, `cardea_http_unlogged_total{status="429"}`))
	}
	server.Clock.Advance(time.Minute)
	server.From(t, "192.0.2.1").Guess("192.0.2.1@example.com").WantThrottled()
	if lines(429) != 101 || !strings.Contains(server.Log.String(), `"more":211}`) {
		t.Errorf("a minute later: %d lines of 429", lines(429))
	}
}

// An operator who asks for all requests gets all.
func TestAllRefusedRequestsCanBeLogged(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.LogRequests = "all" })
	for range 30 {
		server.NewClient(t).Get("/api/user").Want(401)
	}
	if n := strings.Count(server.Log.String(), `"status":401`); n != 30 {
		t.Errorf("%d lines", n)
	}
}
