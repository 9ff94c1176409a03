package ops_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cardea-accounts/cardea/internal/conns"
	"github.com/cardea-accounts/cardea/internal/run"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/web/ops"
)

// Counting reads whole indexes, so users, sessions and pictures are counted at most once
// a minute. If the database does not answer, there are no figures instead of wrong ones.
func TestUsersAreCountedOnceAMinute(t *testing.T) {
	h := house.New(t, house.Options{})
	metrics := ops.Metrics(ops.Sources{
		Version: "1.2.3", DB: h.DB, Audit: h.Audit, Sessions: h.Sessions, Outbox: h.Outbox, Jobs: run.New(nil), HTTP: prometheus.NewRegistry(),
		Conns: conns.New(conns.Options{}),
	}, h.Clock.Now)
	want := func(figures ...string) {
		t.Helper()
		answer := httptest.NewRecorder()
		metrics.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		var got []string
		for line := range strings.Lines(answer.Body.String()) {
			name, _, _ := strings.Cut(line, " ")
			if name == "cardea_users" || name == "cardea_sessions" || name == "cardea_pictures" {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if answer.Code != http.StatusOK || strings.Join(got, ", ") != strings.Join(figures, ", ") {
			t.Errorf("%d, %v; want %v", answer.Code, got, figures)
		}
	}
	h.Register(t, "ada@example.com")
	h.Register(t, "bob@example.com")
	first := []string{"cardea_pictures 0", "cardea_sessions 2", "cardea_users 2"}
	want(first...)
	eve, _ := h.Register(t, "eve@example.com")
	h.SetPicture(t, eve.ID, 4)
	want(first...)
	h.Clock.Advance(time.Minute - time.Second)
	want(first...)
	h.Clock.Advance(time.Second)
	want("cardea_pictures 1", "cardea_sessions 3", "cardea_users 3")
	if err := h.DB.Close(); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Minute)
	want()
}
