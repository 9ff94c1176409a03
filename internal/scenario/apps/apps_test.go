package apps

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

func TestMain(m *testing.M) { browser.Main(m, removeBuilt) }

// line is what an app has between itself and Cardea. It can be cut.
type line struct {
	*httptest.Server
	hangs   atomic.Bool            // requests get no answer
	busy    atomic.Bool            // requests get 503
	cookies atomic.Pointer[string] // of the last request
}

// startLine leads to a server.
func startLine(t *testing.T, server *testkit.Server) *line {
	t.Helper()
	l := &line{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies := r.Header.Get("Cookie")
		l.cookies.Store(&cookies)
		if l.hangs.Load() {
			<-r.Context().Done()
			return
		}
		if l.busy.Load() {
			http.Error(w, `{"status":"error","message":"Busy","code":"busy"}`, http.StatusServiceUnavailable)
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(l.Close)
	return l
}

// returnsTo lets users return to an app after the sign-in.
func returnsTo(app string) testkit.Option {
	return func(c *cardea.Config) { c.ReturnOrigins = []string{app} }
}

// walk is the journey of a user to an app that asks Cardea for each request, and finally
// stops Cardea. The path is one that needs a user, and the page there has the user's name.
// Accounts is where browsers find Cardea, in front of the server.
func walk(t *testing.T, server *testkit.Server, l *line, accounts, app, path string) {
	t.Helper()
	ada := server.Register(t, "ada@example.com")
	ada.Rename("Renée <Ada>").Want(200)
	user := newUser(t)
	user.hasCookie(app, "theme", "dark")
	user.isSignedOut(accounts, app, path)
	if page := user.get(app+path, "Accept", "application/json"); page.status != 401 || page.at != app+path {
		t.Errorf("signed out, a program gets %d at %s: %s", page.status, page.at, page.text)
	}
	user.signIn(accounts, app, path)
	if cookies := *l.cookies.Load(); !strings.HasPrefix(cookies, "session=") || strings.Contains(cookies, ";") {
		t.Errorf("the app sends the cookies %q to Cardea", cookies)
	}
	if page := newUser(t).get(app+path, "Cookie", "session=ABCDEFGHIJKLMNOPQRSTUVWXYZ"); !strings.HasPrefix(page.at, accounts+"/login?") {
		t.Errorf("with a token of no session, the browser is at %s", page.at)
	}
	user.send("POST", accounts+"/logout", "")
	user.isSignedOut(accounts, app, path)

	user.signIn(accounts, app, path)
	l.hangs.Store(true)
	user.isRefused(app + path)
	l.hangs.Store(false)
	l.busy.Store(true)
	user.isRefused(app + path)
	l.busy.Store(false)
	if page := user.get(app + path); page.status != 200 {
		t.Errorf("after Cardea has hung and was busy, the app answers %d: %s", page.status, page.text)
	}
	l.Close()
	server.Stop()
	user.isRefused(app + path)
}

// user is somebody with a browser.
type user struct {
	t *testing.T
	*http.Client
}

func newUser(t *testing.T) *user {
	jar, _ := cookiejar.New(nil) // without options it does not fail
	return &user{t, &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

// hasCookie gives the browser a cookie of an app.
func (u *user) hasCookie(app, name, value string) {
	u.t.Helper()
	address, err := url.Parse(app)
	if err != nil {
		u.t.Fatal(err)
	}
	u.Jar.SetCookies(address, []*http.Cookie{{Name: name, Value: value}})
}

// page is what a browser shows in the end.
type page struct {
	status   int
	at, text string
	header   http.Header
}

func (u *user) get(to string, headers ...string) page {
	u.t.Helper()
	return u.send("GET", to, "", headers...)
}

// send sends a form or, if it is empty, none, with headers in pairs. It follows redirects.
func (u *user) send(method, to, form string, headers ...string) page {
	u.t.Helper()
	r, err := http.NewRequestWithContext(u.t.Context(), method, to, strings.NewReader(form))
	if err != nil {
		u.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := u.Do(r)
	if err != nil {
		u.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		u.t.Fatal(err)
	}
	return page{res.StatusCode, res.Request.URL.String(), string(text), res.Header}
}

// isSignedOut opens the app, which leads to the sign-in.
func (u *user) isSignedOut(accounts, app, path string) {
	u.t.Helper()
	page := u.get(app + path)
	at, next, _ := strings.Cut(page.at, "?next=")
	next, err := url.QueryUnescape(next)
	if err != nil || at != accounts+"/login" || next != app+path && next != path {
		u.t.Fatalf("signed out, the browser is at %s: %s", page.at, page.text)
	}
}

// signIn opens the app, and signs in where it leads to.
func (u *user) signIn(accounts, app, path string) {
	u.t.Helper()
	u.isSignedOut(accounts, app, path)
	page := u.send("POST", u.get(app+path).at, "email=ada%40example.com&password=simplepass")
	if page.at != app+path || page.status != 200 || !strings.Contains(page.text, "Renée ") || strings.Contains(page.text, "<Ada>") && strings.Contains(page.text, "<html") {
		u.t.Fatalf("signed in, the browser is at %s: %d %s", page.at, page.status, page.text)
	}
}

// isRefused opens the app while Cardea does not answer.
func (u *user) isRefused(address string) {
	u.t.Helper()
	if page := u.get(address); page.status != http.StatusServiceUnavailable || page.at != address || strings.Contains(page.text, "Renée") {
		u.t.Errorf("without Cardea, the browser is at %s: %d %s", page.at, page.status, page.text)
	}
}
