package scenario

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// zoe is the session of Flask-Login that the user with the id 2 has.
const zoe = `{"_fresh":true,"_id":"5e","_user_id":"2"}`

// withZoe starts a server that takes Flask cookies, with the user Zoe@example.com, who was
// imported under the id 2 with the password "simplepass".
func withZoe(t *testing.T, options ...testkit.Option) *testkit.Server {
	t.Helper()
	server := testkit.Start(t, append([]testkit.Option{testkit.FromFlask(t)}, options...)...)
	addZoe(t, server)
	return server
}

func addZoe(t *testing.T, server *testkit.Server) {
	t.Helper()
	importUsers(t, server, flask.Source, user{"2", "Zoe@example.com", "yes"})
}

// user is a row of an app: the id, the address, and whether it is verified.
type user struct{ id, email, verified string }

// importUsers imports users of an app. Their password is "simplepass".
func importUsers(t *testing.T, server *testkit.Server, source string, users ...user) importer.Summary {
	t.Helper()
	return server.ImportUsers(t, source, importer.Options{}, rowsOf(users...)...)
}

// rowsOf makes a CSV file of users. Each has a hash of their own.
func rowsOf(users ...user) []string {
	lines := []string{"id,email,verified,name,password,created_at"}
	for _, u := range users {
		hash := password.Hash("simplepass", password.Params{Memory: 64, Time: 1})
		lines = append(lines, fmt.Sprintf("%s,%s,%s,Zoe,%q,2020-01-01", u.id, u.email, u.verified, hash))
	}
	return lines
}

// issued returns the cookie that the Flask app issued some time ago.
func issued(server *testkit.Server, session string, ago time.Duration) string {
	return testkit.FlaskCookie(session, server.Clock.Now().Add(-ago))
}

// with returns a client that has a cookie.
func with(t *testing.T, server *testkit.Server, cookie string) *testkit.Client {
	client := server.NewClient(t)
	client.Cookie = cookie
	return client
}

// status is the answer to GET /api/user of a client that has only this cookie.
func status(t *testing.T, server *testkit.Server, cookie string) int {
	t.Helper()
	return with(t, server, cookie).Get("/api/user").Status
}

// On first sight, the cookie is exchanged for a session that lives on without it.
func TestFlaskCookieIsExchanged(t *testing.T) {
	server := withZoe(t)
	cookie := issued(server, zoe, 30*24*time.Hour)
	client := with(t, server, cookie)
	answer := client.Get("/api/user").Want(200)
	if client.Cookie == cookie || answer.Cookie == nil || len(answer.Cookies) != 1 || !answer.Cookie.HttpOnly || answer.Cookie.MaxAge < 86400 {
		t.Fatalf("cookies %v", answer.Cookies)
	}
	if user := answer.Envelope().User; user.ID != "2" || user.Email != "Zoe@example.com" {
		t.Errorf("%+v", user)
	}
	token := client.Cookie
	for range 3 { // a client that keeps the old cookie gets the same session
		again := with(t, server, cookie)
		again.Get("/api/user").Want(200)
		if again.Cookie != token {
			t.Error("another session")
		}
	}
	if answer := client.Get("/api/user").Want(200); len(answer.Cookies) != 0 {
		t.Errorf("cookies of a later answer: %v", answer.Cookies)
	}
	server.Clock.Advance(2 * 24 * time.Hour)
	client.Get("/api/user").Want(200)
	if got := status(t, server, cookie); got != 401 {
		t.Errorf("older than 31 days: %d", got)
	}
	if events, _ := auditOf(t, server, "2"); !slices.Equal(events, []string{"login_by_flask_cookie"}) {
		t.Errorf("events %v", events)
	}
	if taken, expired := flaskMetric(t, server, "taken"), flaskMetric(t, server, "expired"); taken != "1" || expired != "1" {
		t.Errorf("%s taken, %s expired", taken, expired)
	}
}

// A page that loads twenty things at once gets one session, and no mail about a new device.
func TestParallelFlaskCookies(t *testing.T) {
	server := withZoe(t, testkit.Throttled, testkit.Development)
	cookie := issued(server, `{"email":"Zoe@example.com"}`, time.Hour)
	var wg sync.WaitGroup
	cookies := make([]string, 20)
	for i := range cookies {
		wg.Go(func() {
			client := with(t, server, cookie)
			client.Get("/api/user").Want(200)
			cookies[i] = client.Cookie
		})
	}
	wg.Wait()
	if all := slices.Compact(slices.Sorted(slices.Values(cookies))); len(all) != 1 {
		t.Errorf("%d sessions", len(all))
	}
	if list := with(t, server, cookies[0]).Get("/api/sessions").Want(200).Envelope().Sessions; len(list) != 1 || !list[0].Current {
		t.Errorf("sessions %+v", list)
	}
	if got := server.Purposes(t, "Zoe@example.com"); got != "" {
		t.Errorf("mail: %s", got)
	}
}

// The user may be named in several ways.
func TestFlaskCookieNamesTheUser(t *testing.T) {
	server := withZoe(t)
	importUsers(t, server, flask.Source, user{"7", "twin@example.com", "yes"})
	compressed := func(session string) string {
		return testkit.SignFlask(testkit.FlaskKey, testkit.CompressFlask([]byte(session)), server.Clock.Now())
	}
	for what, c := range map[string]struct {
		cookie string
		want   int
	}{
		"Flask-Login":           {issued(server, zoe, 0), 200},
		"an id":                 {issued(server, `{"user_id":2}`, 0), 200},
		"an id in text":         {issued(server, `{"user_id":"2","x":1}`, 0), 200},
		"an address":            {issued(server, `{"email":"Zoe@example.com"}`, 0), 200},
		"an address, otherwise": {issued(server, `{"email":"zOE@EXAMPLE.com "}`, 0), 401},
		"compressed":            {compressed(`{"email":"Zoe@example.com","x":"` + strings.Repeat("y", 9000) + `"}`), 200},
		"id and address":        {issued(server, `{"email":"Zoe@example.com","user_id":2}`, 0), 200},
		"another's address":     {issued(server, `{"email":"twin@example.com","user_id":2}`, 0), 401},
		"another's id":          {issued(server, `{"_user_id":"7","user_id":2}`, 0), 401},
		"address of nobody":     {issued(server, `{"email":"nobody@example.com","user_id":2}`, 0), 401},
		"another id":            {issued(server, `{"user_id":3}`, 0), 401},
		"another address":       {issued(server, `{"email":"nobody@example.com"}`, 0), 401},
		"nobody":                {issued(server, `{}`, 0), 401},
		"signed, but a bomb":    {compressed(`{"user_id":2,"x":"` + strings.Repeat("y", 1_000_000) + `"}`), 401},
		"signed, but no JSON":   {issued(server, `{`, 0), 401},
		"a second too new":      {issued(server, zoe, -2*time.Second), 401},
		"31 days old":           {issued(server, zoe, 31*24*time.Hour-time.Second), 200},
		"older":                 {issued(server, zoe, 31*24*time.Hour+time.Second), 401},
	} {
		if got := status(t, server, c.cookie); got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
	}
}

// All ways to ask who is signed in know the cookie.
func TestFlaskCookieEverywhere(t *testing.T) {
	server := withZoe(t)
	session := func(n int) string { return issued(server, fmt.Sprintf(`{"user_id":2,"n":%d}`, n), time.Hour) }
	with(t, server, session(1)).Get("/api/forward-auth").Want(200).WantHeaders(map[string]string{"Cardea-User-Id": "2"})
	page := with(t, server, session(2))
	page.Undocumented = true
	page.Header.Set("Accept", browser)
	page.Get("/account").Want(200)
	for i, handler := range []http.Handler{server.RequireUser(hello), server.OptionalUser(hello)} {
		w := ask(t, handler, "GET", "/", "Cookie", "session="+session(3+i))
		if set := w.Header().Values("Set-Cookie"); w.Body.String() != "hello Zoe" || len(set) != 1 || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	client := with(t, server, session(5)) // the first request may change something
	client.Rename("Zoë").Want(200)
	// The new session is not recent, whatever Flask-Login says.
	with(t, server, issued(server, zoe, time.Hour)).Delete("/api/sessions").Want(403)
	// A password change by the old cookie gives a session that does not depend on it.
	cookie := session(6)
	changing := with(t, server, cookie)
	if answer := changing.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200); len(answer.Cookies) != 1 {
		t.Errorf("cookies %v", answer.Cookies)
	}
	changing.Get("/api/user").Want(200)
	if got := status(t, server, cookie); got != 401 {
		t.Errorf("the old cookie: %d", got)
	}
}

// The cookie of the app is found beside Cardea's, also if that has another name.
func TestFlaskCookieBesideOurs(t *testing.T) {
	server := withZoe(t, func(c *cardea.Config) { c.CookieName = "accounts" })
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/user", nil)
	r.Header.Set("Cookie", "accounts=; session="+issued(server, zoe, time.Hour))
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	set := w.Result().Cookies() //nolint:bodyclose // a recorder's
	if w.Code != 200 || len(set) != 1 || set[0].Name != "accounts" {
		t.Errorf("%d %v", w.Code, set)
	}
	named := withZoe(t)
	twin := named.Register(t, "twin@example.com")
	twin.Header.Set("Cookie", "session="+issued(named, zoe, time.Hour)) // a live session comes first
	if got := twin.User().Email; got != "twin@example.com" {
		t.Errorf("it is %s", got)
	}
}
