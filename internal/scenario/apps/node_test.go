package apps

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// installed returns a copy of an example with its dependencies, as its lock file has them.
// Scripts of packages do not run. Without Node, npm or a registry the test is skipped, except
// in CI.
func installed(t *testing.T, name string) (folder, node string) {
	t.Helper()
	node, npm := program(t, "nodejs", "node"), program(t, "npm", "npm")
	folder = example(t, name)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund") //nolint:gosec // of the test
	install.Dir = folder
	if output, err := install.CombinedOutput(); err != nil {
		notTested(t, "npm ci: "+err.Error()+": "+string(output))
	}
	return folder, node
}

func TestExpress(t *testing.T) {
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
