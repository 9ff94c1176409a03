package apps

import (
	"flag"
	"os/exec"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

var withNext = flag.Bool("next", false, "run TestNext, which installs 340 MB and builds for up to a minute")

// The browser sees one origin, Next's.
func TestNext(t *testing.T) {
	if !*withNext {
		t.Skip("Next is not tested without -next")
	}
	t.Parallel()
	folder, node := installed(t, "next")
	address := testkit.ClosedAddress(t)
	app := "http://" + address
	server := testkit.Start(t, func(c *cardea.Config) { c.PublicURL = app })
	l := startLine(t, server)
	_, port, _ := strings.Cut(address, ":")
	environment := []string{"CARDEA_URL=" + l.URL, "NEXT_TELEMETRY_DISABLED=1"}
	const next = "node_modules/next/dist/bin/next"
	build := exec.CommandContext(t.Context(), node, next, "build") //nolint:gosec // of the test
	build.Dir, build.Env = folder, append(build.Environ(), environment...)
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("next build: %v: %s", err, output)
	}
	start(t, app+"/login", folder, environment, node, next, "start", "--hostname", "127.0.0.1", "--port", port)

	server.Register(t, "ada@example.com").Rename("Renée <Ada>").Want(200)
	user := newUser(t)
	if page := user.get(app + "/"); page.status != 200 || !strings.Contains(page.text, `href="/login?next=/"`) {
		t.Errorf("signed out, the home page: %d %s", page.status, page.text)
	}
	orders := func(status int) {
		t.Helper()
		if page := user.get(app+"/api/orders", "Accept", "application/json"); page.status != status {
			t.Errorf("the app's data: %d %s, want %d", page.status, page.text, status)
		}
	}
	orders(401)
	user.signIn(app, app, "/orders")
	orders(200)
	if page := user.get(app + "/"); page.status != 200 || !strings.Contains(page.text, "Hello, Renée &lt;Ada&gt;.") {
		t.Errorf("signed in, the home page: %d %s", page.status, page.text)
	}
	if page := user.get(app + "/account"); page.status != 200 || !strings.Contains(page.text, "ada@example.com") {
		t.Errorf("the account: %d %s", page.status, page.text)
	}
	// Browsers that send no Sec-Fetch-Site send the origin of the app, which is Cardea's too.
	if page := user.send("POST", app+"/logout?next=/orders", "", "Sec-Fetch-Site", "", "Origin", app); page.status != 200 || page.at != app+"/login?next=%2Forders" {
		t.Errorf("signed out, the browser is at %s: %d", page.at, page.status)
	}
	user.signIn(app, app, "/orders")
	l.Close()
	server.Stop()
	orders(503)
	if page := user.get(app + "/orders"); page.status != 500 || strings.Contains(page.text, "Renée") { // a page cannot choose 503
		t.Errorf("without Cardea, the page is at %s: %d %s", page.at, page.status, page.text)
	}
}
