package web

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// A panic in an action fails only its request: the answer is a 500 without
// internals, and the log has the stack.
func TestPanicCostsOneRequest(t *testing.T) {
	var log bytes.Buffer
	s := New(Owners{}, Options{CookieName: "session", UploadMaxBytes: 1, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}, Looks{})
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("/oops", s.handle(public(func(*wire.Request) error { panic("oops") })))
	s.mux.HandleFunc("/fine", s.handle(public(s.api.Health)))
	for _, c := range []struct {
		path   string
		status int
	}{{"/oops", 500}, {"/fine", 200}, {"/oops", 500}} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", c.path, nil))
		if w.Code != c.status || strings.Contains(w.Body.String(), "oops") {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Body)
		}
	}
	if n := strings.Count(log.String(), "panic: oops"); n != 2 || !strings.Contains(log.String(), "panic_test.go") {
		t.Errorf("the log has %d panics:\n%s", n, &log)
	}
}
