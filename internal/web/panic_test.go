package web

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A panic in a handler costs its request: 500 without internals, the stack in the
// log, and the connection goes on.
func TestPanicCostsOneRequest(t *testing.T) {
	var log bytes.Buffer
	s := New(nil, Options{CookieName: "session", UploadMaxBytes: 1, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("/oops", s.handle(func(http.ResponseWriter, *http.Request) error { panic("oops") }))
	s.mux.HandleFunc("/fine", s.handle(s.healthz))
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
		t.Errorf("the log tells of %d panics:\n%s", n, &log)
	}
}
