package pages

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit/browser"
	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// axeCore is the version of axe-core that checks the pages, and axeSum the SHA-512 of its
// package, as the registry has it. npm fetches it for these tests only.
const (
	axeCore = "axe-core@4.14.1"
	axeSum  = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

// axe returns the script of axe-core. A test ends if npm cannot fetch it.
func axe(t *testing.T) string {
	t.Helper()
	script, err := fetchAxe()
	if err != nil {
		need.Missing(t, "accessibility", "npm cannot fetch "+axeCore+": "+err.Error(), "install Debian's package npm")
	}
	return script
}

var fetchAxe = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "cardea-axe-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is a temporary folder
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "pack", axeCore, "--silent", "--prefer-offline")
	npm.Dir = dir
	if output, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(output))
	}
	packs, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packs) != 1 {
		return "", errors.New("npm has made no file")
	}
	data, err := os.ReadFile(packs[0])
	if err != nil {
		return "", err
	}
	if sum := sha512.Sum512(data); base64.StdEncoding.EncodeToString(sum[:]) != axeSum {
		return "", errors.New("the package has another SHA-512")
	}
	return unpackAxe(data)
})

func unpackAxe(data []byte) (string, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
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

// Which rules of axe-core run. Colours alone differ between light and dark.
const (
	allRules    = `{type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}`
	colourRules = `{type: 'rule', values: ['color-contrast', 'link-in-text-block']}`
)

// violations runs axe-core in a tab, and returns what it finds, a line for each.
func violations(tab *browser.Tab, script, rules string) []string {
	if !browser.Evaluate[bool](tab, "!!window.axe") {
		browser.Evaluate[bool](tab, script+"; true")
	}
	browser.Evaluate[bool](tab, `window.found = null, axe.run(document, {runOnly: `+rules+`, resultTypes: ['violations']}).then(
		r => window.found = r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html + ' ' + n.failureSummary)), e => window.found = [String(e)]), true`)
	tab.Await("!!window.found")
	return browser.Evaluate[[]string](tab, "window.found")
}

// axe-core would find what is wrong.
func TestAccessibilityIsTested(t *testing.T) {
	t.Parallel()
	script := axe(t)
	tab := browser.Open(t)
	tab.Go("data:text/html,<html><title>x</title><main><h1>x</h1><input><p style='color:%23aaa'>text")
	if found := violations(tab, script, allRules); len(found) < 3 { // no language, no label, no contrast
		t.Errorf("it finds %q", found)
	}
}

// isAccessible checks that axe-core finds nothing wrong, in light and in dark.
func isAccessible(t *testing.T, tab *browser.Tab, state, script string) {
	t.Helper()
	for scheme, rules := range map[string]string{"light": allRules, "dark": colourRules} {
		tab.Do(browser.Media("prefers-reduced-motion", "reduce", "prefers-color-scheme", scheme))
		for _, violation := range violations(tab, script, rules) {
			t.Errorf("%s, %s: %s", state, scheme, violation)
		}
	}
}
