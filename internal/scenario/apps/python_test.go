package apps

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// python returns the path of Debian's Python, if it has a module. Another Python that comes
// first in PATH does not have Debian's modules.
func python(t *testing.T, module string) string {
	t.Helper()
	path := "/usr/bin/python3"
	if err := exec.CommandContext(t.Context(), path, "-c", "import "+module).Run(); err != nil { //nolint:gosec // of the test
		need.Missing(t, "app", path+" has no module "+module, "install Debian's package python3-"+strings.ReplaceAll(module, "_", "-"))
	}
	return path
}

// startPython starts an example whose last argument is the port. Browsers find the app and
// Cardea at the addresses, and the app finds Cardea by the line.
func startPython(t *testing.T, path, name, address, app, accounts string, l *line, args ...string) {
	t.Helper()
	_, port, _ := strings.Cut(address, ":")
	environment := []string{"CARDEA_URL=" + l.URL, "ACCOUNTS_URL=" + accounts, "APP_URL=" + app, "PYTHONDONTWRITEBYTECODE=1"}
	start(t, "http://"+address, example(t, name), environment, path, append(args, port)...)
	http.DefaultClient.CloseIdleConnections() // Django's server for development answers HEAD with a body
}

// Flask and Cardea have one host: a proxy passes a prefix on to Cardea.
func TestFlask(t *testing.T) {
	t.Parallel()
	path, address := python(t, "flask"), testkit.ClosedAddress(t)
	front := httptest.NewUnstartedServer(nil)
	t.Cleanup(front.Close)
	app := "http://" + front.Listener.Addr().String()
	server := testkit.Start(t, func(c *cardea.Config) { c.PublicURL = app + "/accounts" })
	l := startLine(t, server)
	startPython(t, path, "flask-app", address, app, app+"/accounts", l, "-m", "flask", "run", "--port")
	mux := http.NewServeMux()
	mux.Handle("/accounts/", http.StripPrefix("/accounts", server))
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: address})
	}})
	front.Config.Handler = mux
	front.Start()
	asksCardea(t, server, l, app+"/accounts", app)
}

// Django and Cardea have one host, but each a port of its own.
func TestDjango(t *testing.T) {
	t.Parallel()
	path, address := python(t, "django"), testkit.ClosedAddress(t)
	app := "http://" + address
	server := testkit.Start(t, returnsTo(app))
	l := startLine(t, server)
	startPython(t, path, "django-app", address, app, server.URL, l, "app.py", "runserver", "--noreload")
	asksCardea(t, server, l, server.URL, app)
}

// asksCardea is the journey of [walk], and what the Python examples do besides.
func asksCardea(t *testing.T, server *testkit.Server, l *line, accounts, app string) {
	t.Helper()
	stranger := newUser(t)
	if page := stranger.get(app + "/"); page.status != 200 || !strings.Contains(page.text, "Hello, stranger.") {
		t.Errorf("the home page: %d %s", page.status, page.text)
	}
	if l.cookies.Load() != nil {
		t.Error("the app asks about a request without a session")
	}
	for what, headers := range map[string][]string{
		"a script":  {"Sec-Fetch-Mode", "cors"},
		"a program": {"Accept", "*/*"},
	} {
		if page := stranger.get(app+"/orders", headers...); page.status != 401 || page.at != app+"/orders" {
			t.Errorf("%s gets %d at %s", what, page.status, page.at)
		}
	}
	// An address that is longer than next may be is not kept; the sign-in still shows.
	if page := stranger.get(app + "/orders?" + strings.Repeat("a", 2048)); page.status != 200 || page.at != accounts+"/login" {
		t.Errorf("a long address leads to %d at %s", page.status, page.at)
	}
	ada := server.Register(t, "grace@example.com")
	if page := stranger.get(app+"/", "Cookie", "session="+ada.Cookie); page.header.Get("Cache-Control") != "no-store" {
		t.Errorf("a page for a user has the header %v", page.header)
	}
	// A cookie of the app goes nowhere, and does not break the session's.
	for _, cookies := range []string{"app_session=x; session=" + ada.Cookie, "session=other.of-the-app; session=" + ada.Cookie} {
		if page := stranger.get(app+"/orders", "Cookie", cookies); page.status != 200 || !strings.Contains(page.text, ada.User().ID) {
			t.Errorf("with the cookies %q the app answers %d at %s", cookies, page.status, page.at)
		}
		if sent := *l.cookies.Load(); strings.Contains(sent, "app_session") {
			t.Errorf("Cardea receives the cookies %q", sent)
		}
	}
	walk(t, server, l, accounts, app, "/orders?page=2&q=a%20b%2F")
	if page := newUser(t).get(app + "/"); page.status != 200 {
		t.Errorf("without Cardea and session, the home page: %d %s", page.status, page.text)
	}
}
