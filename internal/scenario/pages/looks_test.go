package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// write makes a file in a folder of the test's own, and returns its path.
func write(t *testing.T, folder, name, content string) string {
	t.Helper()
	file := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The pages have the operator's name, logo and colour.
func TestLooks(t *testing.T) {
	t.Parallel()
	logo := write(t, t.TempDir(), "Acme.SVG", `<svg xmlns="http://www.w3.org/2000/svg"/>`)
	server := testkit.Start(t, func(c *cardea.Config) { c.AppName, c.LogoFile, c.AccentColor = "Acme & Söhne", logo, "#f5b301" })
	visitor := browserOf(t, server)
	page := visitor.Get("/login")
	says(t, page, 200, "<title>Sign in – Acme &amp; Söhne</title>", `alt="Acme &amp; Söhne"`)
	links := regexp.MustCompile(`static/[^"]+`).FindAllString(string(page.Body), -1)
	for _, link := range links {
		visitor.Get("/" + link).Want(200).WantHeaders(map[string]string{"Cache-Control": "public, max-age=31536000, immutable"})
	}
	if !strings.Contains(strings.Join(links, " "), "static/logo.svg?v=") {
		t.Errorf("%s", page.Body)
	}
	if style := string(visitor.Get("/static/cardea.css").Body); !strings.Contains(style, "--accent: #f5b301; --accent-hover: #f6be25; --on-accent: #000000; --link: light-dark(#") {
		t.Errorf("the style sheet ends in %s", style[len(style)-200:])
	}
	plain := testkit.Start(t)
	if style := string(browserOf(t, plain).Get("/static/cardea.css").Body); len(style) > 14<<10 {
		t.Errorf("the style sheet has %d bytes", len(style))
	}
	tab := browser.Open(t)
	tab.Go(server.URL + "/login")
	if colours := browser.Evaluate[string](tab, "(s => s.backgroundColor + ' ' + s.color)(getComputedStyle(document.querySelector('.primary')))"); colours != "rgb(245, 179, 1) rgb(0, 0, 0)" {
		t.Errorf("the button is %s", colours)
	}
}

// An operator changes single templates, and texts of another direction.
func TestTemplatesOfPages(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, "pages/logout.html", `{{define "title"}}Bye{{end}}{{define "main"}}<h1>Bye from {{.App}}</h1>{{end}}`)
	write(t, folder, "words/ar.txt", "language = العربية\ndirection = rtl\npage.login.heading = تسجيل الدخول\n")
	server := testkit.Start(t, func(c *cardea.Config) { c.Templates = folder })
	visitor := browserOf(t, server)
	says(t, visitor.Get("/logout"), 200, "<title>Bye – Cardea</title>", "<h1>Bye from Cardea</h1>")
	visitor.Header.Set("Accept-Language", "ar")
	says(t, visitor.Get("/login"), 200, `<html lang="ar" dir="rtl">`, "<h1>تسجيل الدخول</h1>")
	tab := signedIn(t, server, browser.Screen(320, 640, false), browser.Language("ar"))
	tab.Go(server.URL + "/account")
	if side := browser.Evaluate[int](tab, "document.querySelector('h1').getBoundingClientRect().right"); side < 300 || browser.Evaluate[int](tab, "document.documentElement.scrollWidth") > 320 {
		t.Errorf("the heading ends at %d", side)
	}
}

// Faults stop the start, with a line that names the file.
func TestFaultsOfLooks(t *testing.T) {
	folder := t.TempDir()
	for want, change := range map[string]func(c *cardea.Config){
		"logo-file: open /none.svg": func(c *cardea.Config) { c.LogoFile = "/none.svg" },
		"is not a picture":          func(c *cardea.Config) { c.LogoFile = write(t, folder, "logo.png", "text") },
		"more than 256 KiB":         func(c *cardea.Config) { c.LogoFile = write(t, folder, "logo.svg", strings.Repeat("<svg", 100_000)) },
		"/pages/nothing.html: overrides nothing": func(c *cardea.Config) {
			c.Templates = filepath.Dir(filepath.Dir(write(t, folder, "a/pages/nothing.html", "x")))
		},
		"/pages/login.html:1:": func(c *cardea.Config) {
			c.Templates = filepath.Dir(filepath.Dir(write(t, folder, "b/pages/login.html", `{{define "main"}}{{end`)))
		},
		"can't evaluate field Nothing": func(c *cardea.Config) {
			c.Templates = filepath.Dir(filepath.Dir(write(t, folder, "c/pages/login.html", `{{define "title"}}{{end}}{{define "main"}}{{.Nothing}}{{end}}`)))
		},
	} {
		cfg := cardea.Config{Data: filepath.Join(t.TempDir(), "data")}
		change(&cfg)
		server, err := cardea.New(cfg)
		if err == nil {
			_ = server.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}
