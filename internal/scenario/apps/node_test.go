package apps

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// installed returns a copy of an example with its dependencies, as its lock file has them.
// Scripts of packages do not run. The test ends if Node, npm or its registry is absent.
func installed(t *testing.T, name string) (folder, node string) {
	t.Helper()
	node, npm := program(t, "nodejs", "node"), program(t, "npm", "npm")
	folder = example(t, name)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund") //nolint:gosec // of the test
	install.Dir = folder
	if output, err := install.CombinedOutput(); err != nil {
		need.Missing(t, "app", "npm ci: "+err.Error()+": "+string(output), "give npm access to its registry")
	}
	return folder, node
}

func TestExpress(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	folder, node := installed(t, "express")
	address := testkit.ClosedAddress(t)
	app := "http://" + address
	server := testkit.Start(t, returnsTo(app))
	l := startLine(t, server)
	_, port, _ := strings.Cut(address, ":")
	start(t, app, folder, []string{"PORT=" + port, "CARDEA_URL=" + l.URL, "ACCOUNTS_URL=" + server.URL, "APP_URL=" + app}, node, "app.js")
	user := newUser(t)
	if page := user.get(app + "/"); page.status != 200 || page.text != "Hello, stranger." {
		t.Errorf("the home page: %d %s", page.status, page.text)
	}
	walk(t, server, l, server.URL, app, "/orders?page=2&q=a%20b")
	if page := newUser(t).get(app + "/"); page.status != 200 {
		t.Errorf("without Cardea and session, the home page: %d %s", page.status, page.text)
	}
}

// The browser sees one origin, Vite's, and Cardea needs no setting.
func TestSinglePageApp(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	folder, node := installed(t, "spa")
	address := testkit.ClosedAddress(t)
	app := "http://" + address
	server := testkit.Start(t)
	l := startLine(t, server)
	_, port, _ := strings.Cut(address, ":")
	start(t, app, folder, []string{"CARDEA_URL=" + l.URL}, node, "node_modules/vite/bin/vite.js", "--host", "127.0.0.1", "--port", port, "--strictPort")
	server.Register(t, "ada@example.com").Rename("Renée <Ada>").Want(200)

	tab := browser.Open(t)
	at := app + "/orders?page=2#top"
	tab.Go(at)
	says := func(text string) {
		t.Helper()
		tab.Await("document.querySelector('#app').textContent.includes(" + strconv.Quote(text) + ")")
	}
	says("Sign in")
	tab.Click("#app a")
	tab.Fill("email", "ada@example.com")
	tab.Fill("password", "simplepass")
	tab.Click("main button.primary")
	if tab.Address() != at {
		t.Errorf("signed in, the browser is at %s", tab.Address())
	}
	says("Hello, Renée <Ada>. Account Sign out")
	tab.Click("#app a")
	if tab.Address() != app+"/account" {
		t.Errorf("the link to the account leads to %s", tab.Address())
	}
	tab.Go(app)
	says("Sign out")
	tab.Click("#app a:last-child")
	tab.Click("main button.primary")
	if tab.Address() != app+"/" {
		t.Errorf("signed out, the browser is at %s", tab.Address())
	}
	says("Sign in")

	user := newUser(t)
	for path, isCardeas := range map[string]bool{
		"/users": false, "/users/ada": false, "/users/x/avatar": true, "/login-help": false, "/login?next=/": true, "/accounts": false,
		"/docs": false, "/.well-known/change-password": true, "/forgot": true, "/api/user": true, "/main.js": false,
	} {
		r := user.get(app + path)
		if is := r.header.Get("X-Content-Type-Options") == "nosniff"; is != isCardeas {
			t.Errorf("%s goes to Cardea: %v", path, is)
		}
	}
	if page := user.get(app + "/api/forward-auth"); page.at != app+"/login" {
		t.Errorf("Cardea's own addresses lead to %s, not to the app", page.at)
	}
	server.Stop()
	l.Close()
	tab.Go(app)
	says("cannot be reached")
}
