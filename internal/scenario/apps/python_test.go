package apps

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// python returns the path of Debian's Python, if it has a module. Another Python that comes
// first in PATH does not have Debian's modules.
func python(t *testing.T, module string) string {
	t.Helper()
	path := "/usr/bin/python3"
	if err := exec.CommandContext(t.Context(), path, "-c", "import "+module).Run(); err != nil { //nolint:gosec // of the test
		notTested(t, path+" has no module "+module+"; install Debian's package python3-"+module)
	}
	return path
}

// startPython starts an example, and returns where browsers find it and the app's line to the
// server. The line remains usable while browsers go to the server itself.
func startPython(t *testing.T, path, name string, args ...string) (server *testkit.Server, l *line, app string) {
	t.Helper()
	address := testkit.ClosedAddress(t)
	app = "http://" + address
	server = testkit.Start(t, returnsTo(app))
	l = startLine(t, server)
	_, port, _ := strings.Cut(address, ":")
	environment := []string{"CARDEA_URL=" + l.URL, "ACCOUNTS_URL=" + server.URL, "APP_URL=" + app, "PYTHONDONTWRITEBYTECODE=1"}
	start(t, app, example(t, name), environment, path, append(args, port)...)
	return server, l, app
}

func TestFlask(t *testing.T) {
	t.Parallel()
	server, l, app := startPython(t, python(t, "flask"), "flask-app", "-m", "flask", "run", "--port")
	asksCardea(t, server, l, app)
}

func TestDjango(t *testing.T) {
	t.Parallel()
	server, l, app := startPython(t, python(t, "django"), "django-app", "app.py", "runserver", "--noreload")
	asksCardea(t, server, l, app)
}

// asksCardea is the journey of [walk], and what the Python examples do besides.
func asksCardea(t *testing.T, server *testkit.Server, l *line, app string) {
	t.Helper()
	stranger := newUser(t)
	if page := stranger.get(app + "/"); page.status != 200 || !strings.Contains(page.text, "Hello, stranger!") {
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
	if page := stranger.get(app + "/orders?" + strings.Repeat("a", 2048)); page.status != 200 || page.at != server.URL+"/login" {
		t.Errorf("a long address leads to %d at %s", page.status, page.at)
	}
	ada := server.Register(t, "grace@example.com")
	if noted := cacheControl(t, app+"/", "session="+ada.Cookie); noted != "no-store" {
		t.Errorf("a page for a user has Cache-Control %q", noted)
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
	walk(t, server, l, server.URL, app, "/orders?page=2&q=a%20b%2F")
	if page := newUser(t).get(app + "/"); page.status != 200 {
		t.Errorf("without Cardea and session, the home page: %d %s", page.status, page.text)
	}
}

// cacheControl returns the header of a page.
func cacheControl(t *testing.T, address, cookie string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", cookie)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // not read
	return res.Header.Get("Cache-Control")
}
