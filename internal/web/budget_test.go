package web

import (
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
)

// Large answers count towards the budget of the client's network. When it is used up, all
// calls are refused except the probes.
func TestBudgetOfCost(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	budget := guard.NewBudget(true, time.Now, log)
	s := New(Owners{}, Options{CookieName: "session", UploadMaxBytes: 1, Budget: budget, Now: time.Now, Log: log}, Looks{})
	get := func(path, from string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		r.RemoteAddr = from + ":1234"
		s.ServeHTTP(w, r)
		return w
	}
	if get("/healthz", "192.0.2.1"); budget.Stats().Most != 0 {
		t.Error("a small answer counts")
	}
	if n := get("/openapi.json", "192.0.2.1").Body.Len(); budget.Stats().Most != float64(n)/(16<<30) {
		t.Errorf("an answer of %d bytes counts as %g", n, budget.Stats().Most)
	}
	budget.Charge(netip.MustParseAddr("192.0.2.1"), "", guard.Cost{CPU: time.Hour})
	for _, c := range []struct {
		path, from string
		status     int
	}{
		{"/openapi.json", "192.0.2.1", 429}, {"/nowhere", "192.0.2.1", 429}, {"/healthz", "192.0.2.1", 200},
		{"/openapi.json", "192.0.2.2", 200}, {"/nowhere", "192.0.2.2", 404},
	} {
		w := get(c.path, c.from)
		if w.Code != c.status || c.status == 429 && !strings.Contains(w.Body.String(), "over_budget") {
			t.Errorf("%s from %s: %d %s", c.path, c.from, w.Code, w.Body)
		}
	}
}
