package wire

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const app = "https://app.example.com"

// preflight asks what a page of an origin may send, and answers whether it may call.
func (d *desk) preflight(t *testing.T, origin, method, headers string) bool {
	t.Helper()
	r, _ := d.begin(t, "OPTIONS", "/api/user", "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
	return r.Admit() == nil && r.AnswerPreflight()
}

// A developer finds refused origins in the log, once a minute each.
func TestRefusedOriginsAreLogged(t *testing.T) {
	d := newDesk(Options{AllowedOrigins: []string{app}})
	post := func(origin string) {
		t.Helper()
		r, _ := d.begin(t, "POST", "/api/login", "Origin", origin, "Sec-Fetch-Site", "cross-site")
		if err := r.Admit(); (err == nil) != (origin == app) {
			t.Errorf("%s: %v", origin, err)
		}
	}
	for range 3 {
		post(app)
		post("https://a.example")
		if !d.preflight(t, app, "PATCH", "content-type") || d.preflight(t, "https://b.example", "PATCH", "content-type") {
			t.Error("preflights are not answered by origin")
		}
	}
	if d.lines("level=WARN") != 2 || d.lines("origin=https://a.example method=POST path=/api/login\n") != 1 ||
		d.lines("origin=https://b.example method=OPTIONS path=/api/user\n") != 1 {
		t.Errorf("the log:\n%s", &d.log)
	}
	d.now = d.now.Add(time.Minute)
	post("https://a.example")
	if d.lines("origin=https://a.example method=POST path=/api/login more=4\n") != 1 {
		t.Errorf("the log after a minute:\n%s", &d.log)
	}
	d.log.Reset()
	post("https://\u202e\u0007" + strings.Repeat("x", 10_000))
	if d.log.Len() > 1000 || strings.ContainsAny(d.log.String(), "\u202e\u0007") || d.lines("origin=https://xxx") != 1 {
		t.Errorf("the log has %d bytes: %.300s", d.log.Len(), &d.log)
	}
}

// Forged origins cannot flood the notes. Those left out are counted, and the line of each
// refused request has its origin.
func TestForgedOriginsHideNothing(t *testing.T) {
	d := newDesk(Options{})
	refuse := func(method, origin string) {
		t.Helper()
		r, _ := d.begin(t, method, "/api/user?secret", "Origin", origin, "Sec-Fetch-Site", "cross-site", "Access-Control-Request-Method", "PATCH")
		r.Fail(r.Admit())
		r.End()
	}
	for i := range 300 {
		refuse("POST", fmt.Sprintf("https://%d.example", i))
	}
	if n := d.lines("origin refused"); n != maxNotes {
		t.Errorf("%d notes, want %d", n, maxNotes)
	}
	for _, method := range []string{"POST", "OPTIONS"} {
		d.log.Reset()
		refuse(method, "https://real.example\u202e"+strings.Repeat("x", 10_000))
		if d.lines("\n") != 1 || d.lines("msg=request ") != 1 || d.lines("method="+method) != 1 || d.lines("status=403") != 1 ||
			d.lines("code=cross_origin origin=https://real.examplexxx") != 1 || d.lines(" path=/api/user\n") != 1 || d.log.Len() > 600 {
			t.Errorf("%s: the log has %d bytes:\n%.1000s", method, d.log.Len(), &d.log)
		}
	}
	d.now = d.now.Add(time.Minute)
	if refuse("POST", "https://real.example"); d.lines(fmt.Sprintf("more=%d\n", 300-maxNotes+2)) != 1 {
		t.Errorf("the log after a minute:\n%s", &d.log)
	}
}

// If a page of an allowed origin asks for a method or header that it may not use, the
// browser does not send the request. The log says why, once a minute.
func TestUnmetPreflightsAreLogged(t *testing.T) {
	for _, c := range []struct{ method, headers, want string }{
		{"PATCH", "", ""},
		{"HEAD", "content-type", ""},
		{"POST", "cache-control,content-type,pragma,x-requested-with", ""},
		{"POST", "Content-Type, X-Requested-With", ""},
		{"PUT", "x-other", "method=PUT path=/api/user\n"},
		{"patch", "", "method=patch path=/api/user\n"}, // fetch sends this one as typed
		{"POST", "authorization,content-type,x-other", "header=authorization path=/api/user\n"},
		{"POST", "x-\u202e" + strings.Repeat("y", 10_000), "header=x-yyy"},
	} {
		d := newDesk(Options{AllowedOrigins: []string{app}})
		for range 3 {
			if !d.preflight(t, app, c.method, c.headers) {
				t.Errorf("%s %.40s: no answer", c.method, c.headers)
			}
		}
		if want := "origin=" + app + " " + c.want; c.want == "" && d.log.Len() > 0 || c.want != "" && (d.lines(want) != 1 || d.lines("\n") != 1) || d.log.Len() > 600 {
			t.Errorf("%s %.40s: the log is\n%.1000s\nwant %s", c.method, c.headers, &d.log, c.want)
		}
	}
}

// The log has the id of every answer with an X-Request-Id, and no line of its own for
// successful reads.
func TestEveryRequestIDIsInTheLog(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "DELETE"} {
		for _, status := range []int{200, 204, 206, 302, 304, 400, 401, 404, 405, 416, 500, 503} {
			d := newDesk(Options{})
			r, w := d.begin(t, method, "/")
			r.WriteHeader(status)
			r.End()
			id := w.Header().Get("X-Request-Id")
			if logged := d.lines("msg=request request="+id+" ") == 1; logged != (id != "") || d.lines("\n") > 1 {
				t.Errorf("%s %d with the id %q: the log is %q", method, status, id, &d.log)
			}
		}
	}
}
