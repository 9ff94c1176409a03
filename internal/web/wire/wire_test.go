package wire

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
)

// desk is a Wire with a clock to turn and a log to read.
type desk struct {
	*Wire
	now time.Time
	log bytes.Buffer
}

func newDesk(opt Options) *desk {
	d := &desk{now: time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)}
	opt.CookieName, opt.CookieMaxAge, opt.UploadMaxBytes = "session", 24*time.Hour, 1<<20
	opt.Now, opt.Log = func() time.Time { return d.now }, slog.New(slog.NewTextHandler(&d.log, nil))
	d.Wire = New(nil, opt)
	return d
}

// begin takes in a request with the given headers, in pairs.
func (d *desk) begin(t *testing.T, method, target string, headers ...string) (*Request, *httptest.ResponseRecorder) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	return d.Begin(w, r), w
}

// lines counts the lines of the log with a text.
func (d *desk) lines(text string) int { return strings.Count(d.log.String(), text) }

func publicURL(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse("https://accounts.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// With a domain, all cookies have it, also those that clear one. Of two with the same name, the
// answer has the last.
func TestCookieDomain(t *testing.T) {
	for domain, want := range map[string]string{"": "", "example.com": "; Domain=example.com"} {
		r, w := newDesk(Options{CookieDomain: domain}).begin(t, "POST", "/api/login")
		r.SetSignIn(session.SignIn{Session: "token", Device: "device"})
		cookies := slices.Clone(w.Header().Values("Set-Cookie"))
		r.ClearSession()
		cookies = append(cookies, w.Header().Values("Set-Cookie")...)
		if len(cookies) != 4 {
			t.Fatalf("cookies %q", cookies)
		}
		for _, cookie := range cookies {
			if strings.Contains(cookie, "; Domain=") != (domain != "") || !strings.Contains(cookie, want) || !strings.Contains(cookie, "; Path=/; ") {
				t.Errorf("domain %q: %s", domain, cookie)
			}
		}
	}
}

func TestHSTS(t *testing.T) {
	for setting, want := range map[string]string{
		"": "max-age=31536000", "host": "max-age=31536000", "subdomains": "max-age=31536000; includeSubDomains", "off": "",
	} {
		_, w := newDesk(Options{HSTS: setting, PublicURL: publicURL(t)}).begin(t, "GET", "/")
		if got := w.Header().Get("Strict-Transport-Security"); got != want {
			t.Errorf("%q under https: %q, want %q", setting, got, want)
		}
		_, w = newDesk(Options{HSTS: setting}).begin(t, "GET", "/")
		if got := w.Header().Get("Strict-Transport-Security"); got != "" {
			t.Errorf("%q under http: %q", setting, got)
		}
	}
}

// Errors and changes have an id, which pages of allowed origins can read.
func TestRequestID(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		hasID  bool
	}{{"GET", 200, false}, {"HEAD", 200, false}, {"GET", 304, false}, {"GET", 404, true}, {"GET", 416, true}, {"POST", 200, true}, {"DELETE", 200, true}} {
		d := newDesk(Options{AllowedOrigins: []string{"https://app.example.com"}})
		r, w := d.begin(t, c.method, "/", "Origin", "https://app.example.com")
		r.WriteHeader(c.status)
		if id := w.Header().Get("X-Request-Id"); (id != "") != c.hasID || c.hasID && id != r.ID() {
			t.Errorf("%s %d: X-Request-Id %q", c.method, c.status, id)
		}
		if exposed := w.Header().Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "X-Request-Id") {
			t.Errorf("exposed are %q", exposed)
		}
	}
}

// A cookie of another app with the session's name is logged once an hour, without
// its value.
func TestForeignCookiesAreLogged(t *testing.T) {
	d := newDesk(Options{})
	read := func(cookie string) {
		t.Helper()
		r, _ := d.begin(t, "GET", "/", "Cookie", cookie)
		r.readTokens()
	}
	read("session=ABCDEFGHIJKLMNOPQRSTUVWXYZ; session=; other=eyJ.secret; session-device=secret")
	if d.log.Len() > 0 {
		t.Errorf("the log:\n%s", &d.log)
	}
	for range 3 {
		read("session=eyJ.secret")
	}
	d.now = d.now.Add(59 * time.Minute)
	read("session=eyJ.secret")
	if d.lines("CARDEA_COOKIE_NAME") != 1 || d.lines("secret") != 0 {
		t.Errorf("the log:\n%s", &d.log)
	}
	d.now = d.now.Add(time.Minute)
	read("session=eyJ.secret")
	if d.lines("CARDEA_COOKIE_NAME") != 2 {
		t.Errorf("the log after an hour:\n%s", &d.log)
	}
}

// Each kind of error has a status of its own meaning.
func TestStatuses(t *testing.T) {
	for kind := guard.KindInternal; kind <= guard.KindUnsupported; kind++ {
		if statuses[kind] < http.StatusBadRequest {
			t.Errorf("kind %d has the status %d", kind, statuses[kind])
		}
	}
}
