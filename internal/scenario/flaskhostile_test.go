package scenario

import (
	"encoding/base64"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// flaskMetric returns how many cookies had a result.
func flaskMetric(t *testing.T, server *testkit.Server, result string) string {
	t.Helper()
	answer := httptest.NewRecorder()
	server.Metrics().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	_, after, _ := strings.Cut(answer.Body.String(), `cardea_flask_cookies_total{result="`+result+`"} `)
	count, _, _ := strings.Cut(after, "\n")
	return count
}

// Cookies that the app did not sign as they are get 401, change nothing and are not logged
// one by one.
func TestForgedFlaskCookies(t *testing.T) {
	server := withZoe(t)
	good := issued(server, zoe, time.Hour)
	parts := strings.Split(good, ".")
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"email":"zoe@example.com"}`))
	forged := []string{
		good[:len(good)-1], good + "A", good + "=", "." + good, strings.Join(parts[:2], ".") + ".", parts[0] + "." + parts[1],
		payload + "." + parts[1] + "." + parts[2], parts[0] + ".aGr_AA." + parts[2], "..", "...",
		good[:len(good)-1] + string(good[len(good)-1]+1),
		testkit.SignFlask("the secret key of another app", payload, server.Clock.Now()),
		strings.Repeat("A", 100_000) + "." + parts[1] + "." + parts[2],
		testkit.CompressFlask(make([]byte, 1_000_000)) + "." + parts[1] + "." + parts[2],
		"eyJlbWFpbCI6InRlc3RAZ21haWwuY29tIn0.aGr_AA.YPS7NYQnu1Iwb3x-zSAoGv_4SbA",
	}
	for _, cookie := range forged {
		client := with(t, server, cookie)
		answer := client.Get("/api/user").WantError(401, "not_logged_in")
		if len(answer.Cookies) != 0 {
			t.Errorf("%.40s: cookies %v", cookie, answer.Cookies)
		}
		client.Post("/api/logout", nil).Want(200)
	}
	if got := flaskMetric(t, server, "forged"); got < "10" {
		t.Errorf("%s counted", got)
	}
	if n := strings.Count(server.Log.String(), "has the form of Flask's"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	if got := status(t, server, good); got != 200 {
		t.Errorf("the good one: %d", got)
	}
}

// Cookies of every key are taken.
func TestFlaskKeysRotate(t *testing.T) {
	server := testkit.Start(t, testkit.FromFlask(t, "a newer key of the app", testkit.FlaskKey))
	addZoe(t, server)
	for key, want := range map[string]int{"a newer key of the app": 200, testkit.FlaskKey: 200, "a key that was removed": 401} {
		session := base64.RawURLEncoding.EncodeToString([]byte(`{"user_id":2,"x":"` + key + `"}`))
		if got := status(t, server, testkit.SignFlask(key, session, server.Clock.Now().Add(-time.Minute))); got != want {
			t.Errorf("%s: %d", key, got)
		}
	}
}

// No cookie is taken after the end date, which is 31 days after the first start with a key
// unless it is set. Sessions live on.
func TestFlaskCookiesUntil(t *testing.T) {
	const day = 24 * time.Hour
	server := withZoe(t)
	client := with(t, server, issued(server, zoe, 0))
	client.Get("/api/user").Want(200)
	next := func(want int, advance time.Duration, options ...testkit.Option) {
		t.Helper()
		server.Stop()
		now := server.Clock.Now().Add(advance)
		server = testkit.Start(t, append(options, testkit.On(server.Data), testkit.FromFlask(t), func(c *cardea.Config) { c.Clock = func() time.Time { return now } })...)
		server.Clock.Set(now)
		if got := status(t, server, issued(server, zoe, time.Minute)); got != want {
			t.Errorf("at %v: %d, want %d", now, got, want)
		}
	}
	next(200, 10*day)
	next(200, 21*day-time.Second) // the restart began no new time
	next(401, time.Second)
	until := func(c *cardea.Config) { c.FlaskUntil = time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC) }
	next(200, 0, until) // it is the 23rd
	next(200, 32*time.Hour+55*time.Minute, until)
	next(401, time.Minute, until)
	if !strings.Contains(server.Log.String(), "no cookie of the Flask app is accepted any more") {
		t.Error("the log does not say so")
	}
}

// While users must verify their address first, cookies of others are not taken.
func TestFlaskCookieOfUnverifiedUser(t *testing.T) {
	server := withZoe(t, testkit.VerifiesFirst)
	if got := status(t, server, issued(server, zoe, time.Hour)); got != 200 {
		t.Errorf("verified: %d", got)
	}
	importUsers(t, server, flask.Source, user{"3", "x@example.com", "no"})
	if got := status(t, server, issued(server, `{"user_id":3}`, time.Hour)); got != 401 {
		t.Errorf("not verified: %d", got)
	}
}

// An outage is no reason to sign in again.
func TestFlaskCookieInAnOutage(t *testing.T) {
	for _, table := range []string{"flask_cookies", "marks", "users", "imports"} {
		server := withZoe(t)
		cookie := issued(server, zoe, time.Hour)
		dropTable(t, server, table)
		if got := status(t, server, cookie); got != 503 {
			t.Errorf("without %s: %d", table, got)
		}
	}
}

// Without keys, cookies of Flask are those of any other app.
func TestNoFlaskCookies(t *testing.T) {
	server := testkit.Start(t)
	addZoe(t, server)
	cookie := issued(server, zoe, time.Hour)
	with(t, server, cookie).Get("/api/user").Want(401)
	with(t, server, cookie).Post("/api/logout", nil).Want(200)
	if !strings.Contains(server.Log.String(), "a cookie with the name of the session's is not Cardea's") || flaskMetric(t, server, "forged") != "" {
		t.Error("it is not taken for a foreign cookie")
	}
}

// A useless file of keys stops the start with one line that says what to do and shows no key.
func TestUselessFlaskKeys(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "it holds no key",
		"a good key\n secret too\n":   "line 2 begins or ends with white space",
		strings.Repeat("secret\n", 5): "it holds more than 4 keys",
		strings.Repeat("x", 65<<10):   "it is larger than 64 KiB",
		"hex:secret":                  "line 1 has other characters than hexadecimal digits",
	} {
		data, file := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "flask.key")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := cardea.New(cardea.Config{Data: data, FlaskSecretKeyFile: file})
		if err == nil || !strings.HasPrefix(err.Error(), "flask-secret-key-file: ") || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "secret too") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.20q: %v", text, err)
		}
		if _, err := os.Stat(data); err == nil {
			t.Error("the data folder was made")
		}
	}
	_, err := cardea.New(cardea.Config{Data: t.TempDir(), FlaskSecretKeyFile: "/no/such/file"})
	if want := "flask-secret-key-file: /no/such/file cannot be used: no such file or directory; create it with the SECRET_KEY of the Flask app"; err == nil || err.Error() != want {
		t.Error(err)
	}
	weak := testkit.Start(t, testkit.FromFlask(t, "dev"))
	if log := weak.Log.String(); !strings.Contains(log, "shorter than 16 bytes") || strings.Contains(log, `"dev"`) {
		t.Errorf("the log: %s", log)
	}
}

// Refusing a cookie costs little, however long it is.
func BenchmarkFlaskCookies(b *testing.B) {
	server := testkit.Start(b, testkit.FromFlask(b, testkit.FlaskKey, "another", "a third", "a fourth"))
	forged := strings.Repeat("A", 4000) + ".aGr_AA.YPS7NYQnu1Iwb3x-zSAoGv_4SbA"
	server.ImportUsers(b, flask.Source, importer.Options{}, "id,email,verified,password", `3,ada@example.com,no,"`+password.Hash("simplepass", password.Params{Memory: 64, Time: 1})+`"`)
	own := server.Login(b, "ada@example.com")
	at := server.Clock.Now().Add(-time.Minute)
	own.Delete("/api/sessions").Want(200)
	ended := testkit.FlaskCookie(`{"email":"ada@example.com"}`, at)
	server.Clock.Advance(time.Minute)
	taken := testkit.FlaskCookie(`{"email":"ada@example.com"}`, server.Clock.Now())
	server.Clock.Advance(time.Second)
	for _, c := range []struct {
		name, cookies string
		status        int
	}{
		{"none", "", 401},
		{"session", "session=" + own.Cookie, 200},
		{"forged", "session=eyJlbWFpbCI6InRlc3RAZ21haWwuY29tIn0.aGr_AA.YPS7NYQnu1Iwb3x-zSAoGv_4SbA", 401},
		{"forged, two of 4 KiB", "session=" + forged + "; session=" + forged, 401},
		{"too long", "session=" + strings.Repeat(forged, 10), 401},
		{"expired", "session=" + testkit.FlaskCookie(`{"user_id":2}`, time.Unix(1700000000, 0)), 401},
		{"unknown user", "session=" + testkit.FlaskCookie(`{"user_id":2}`, at), 401},
		{"issued before", "session=" + ended, 401},
		{"exchanged", "session=" + taken, 200},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequestWithContext(b.Context(), "GET", "/api/user", nil)
			r.Header.Set("Cookie", c.cookies)
			for b.Loop() {
				w := httptest.NewRecorder()
				if server.ServeHTTP(w, r); w.Code != c.status {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
