package pages

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// axeCore is the version of axe-core that checks the pages. npm fetches it for this test only.
const axeCore = "axe-core@4.10.3"

// axe returns the script of axe-core. Without npm or a registry the test is skipped.
func axe(t *testing.T) string {
	t.Helper()
	script, err := fetchAxe(t.Context(), t.TempDir())
	if err != nil {
		t.Skipf("ACCESSIBILITY IS NOT TESTED: npm cannot fetch %s: %v", axeCore, err)
	}
	return script
}

func fetchAxe(ctx context.Context, dir string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "pack", axeCore, "--silent", "--prefer-offline")
	npm.Dir = dir
	if output, err := npm.CombinedOutput(); err != nil {
		return "", errors.New(err.Error() + ": " + string(bytes.TrimSpace(output)))
	}
	packs, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packs) != 1 {
		return "", errors.New("npm has made no file")
	}
	file, err := os.Open(packs[0])
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return "", err
	}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if err != nil {
			return "", err
		}
		if header.Name == "package/axe.min.js" {
			script, err := io.ReadAll(archive)
			return string(script), err
		}
	}
}

// violations runs axe-core in a tab, and returns what it finds, a line for each.
func violations(tab *browser.Tab, script string) []string {
	browser.Evaluate[bool](tab, script+"; true")
	tab.Await(`(window.found ??= (axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
		.then(r => window.lines = r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html + ' ' + n.failureSummary)))), !!window.lines)`)
	return browser.Evaluate[[]string](tab, "window.lines")
}

// axe-core finds nothing wrong on any page, in any state, in light and dark.
func TestAccessibility(t *testing.T) {
	script := axe(t)
	server := testkit.Start(t, development, withMailLogin)
	check := func(tab *browser.Tab, what string) {
		t.Helper()
		for _, violation := range violations(tab, script) {
			t.Errorf("%s: %s", what, violation)
		}
	}
	for _, dark := range []bool{false, true} {
		scheme := map[bool]string{false: "light", true: "dark"}[dark]
		tab := browser.Open(t, browser.Screen(1280, 800, dark))
		pages := all
		if dark { // only colours differ, and the pages share them
			pages = []string{"/login", "/forgot?sent"}
		}
		for _, path := range pages {
			tab.Go(server.URL + path)
			check(tab, path+" "+scheme)
		}
		tab.Go(server.URL + "/register")
		tab.Fill("name", "Ada")
		tab.Fill("email", "ada@example.com")
		tab.Fill("password", "password")
		tab.Click("main button.primary")
		check(tab, "a refused registration, "+scheme)
		tab.Replace("email", scheme+"@example.com")
		tab.Fill("password", "simplepass")
		tab.Click("main button.primary")
		check(tab, "/ signed in, "+scheme)
		server.Login(t, scheme+"@example.com").Upload("me.png", testkit.PNG(300, 200)).Want(200)
		for _, path := range []string{"/account", "/account?done=profile", "/logout", "/verify"} {
			tab.Go(server.URL + path)
			check(tab, path+" "+scheme)
		}
		server.Clock.Advance(10 * time.Minute) // passwords are asked for
		tab.Go(server.URL + "/account")
		tab.Touch("#delete summary")
		tab.Replace("delete-current_password", "wrongpass")
		tab.Click("#delete button.red")
		if !strings.Contains(tab.Text("#delete .summary"), "The password is wrong.") {
			t.Error("no summary")
		}
		check(tab, "a refused deletion, "+scheme)
		browser.Evaluate[bool](tab, "document.querySelector('label').remove(), window.found = window.lines = undefined, true")
		if len(violations(tab, script)) == 0 {
			t.Error("axe-core does not find a field without its label")
		}
	}
}
