package apps

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// scriptPage returns a page with a script, which shows the status that Cardea has answered, or
// that the script has failed.
func scriptPage(script string) string {
	return `<!doctype html><body><script>
		addEventListener("error", () => { document.body.append(document.body.className = "failed"); });
		addEventListener("unhandledrejection", () => { document.body.append(document.body.className = "failed"); });
	</script><script type="module">` + script + `
		document.body.append(document.body.className = "status-" + response.status);
	</script>`
}

// documentedCall returns the call of docs/sites.md for pages at another origin.
func documentedCall(t *testing.T, accounts string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "sites.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```js\n")
	script, _, _ := strings.Cut(rest, "```")
	const documented = "https://accounts.example.com"
	if !strings.Contains(script, documented) {
		t.Fatalf("docs/sites.md shows the script %q", script)
	}
	return strings.ReplaceAll(script, documented, accounts)
}

// Pages of another origin of the same site call Cardea, if it lists the origin, without a
// cookie domain. A port makes another origin, as a subdomain does.
func TestOtherOrigin(t *testing.T) {
	t.Parallel()
	var script string
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, scriptPage(script))
	}))
	t.Cleanup(app.Close)
	listed := testkit.Start(t, func(c *cardea.Config) { c.ReturnOrigins, c.AllowedOrigins = []string{app.URL}, []string{app.URL} })
	listed.Register(t, "ada@example.com")

	script = documentedCall(t, listed.URL)
	tab := browser.Open(t)
	tab.Go(app.URL + "/orders?page=2#top")
	tab.Do(chromedp.WaitVisible(chromedp.CSS("input[name=password]")))
	tab.Fill("email", "ada@example.com")
	tab.Fill("password", "simplepass")
	tab.Click("main button.primary")
	tab.Do(chromedp.WaitReady(chromedp.CSS("body.status-200")))
	if at := tab.Address(); at != app.URL+"/orders?page=2#top" {
		t.Errorf("signed in, the browser is at %s", at)
	}

	script = documentedCall(t, testkit.Start(t).URL) // lists no origin
	tab.Go(app.URL)
	tab.Do(chromedp.WaitReady(chromedp.CSS("body.failed")))
}

// On another site, the browser does not send the cookie.
func TestOtherSite(t *testing.T) {
	t.Parallel()
	var script string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, scriptPage(script))
	}))
	t.Cleanup(front.Close)
	app := strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
	server := testkit.Start(t, func(c *cardea.Config) { c.AllowedOrigins = []string{app, front.URL} })
	server.Register(t, "ada@example.com")
	script, _, _ = strings.Cut(documentedCall(t, server.URL), "if (")

	tab := browser.Open(t)
	tab.Go(server.URL + "/login")
	tab.Fill("email", "ada@example.com")
	tab.Fill("password", "simplepass")
	tab.Click("main button.primary")
	for at, status := range map[string]string{front.URL: "200", app: "401"} {
		tab.Go(at)
		tab.Do(chromedp.WaitReady(chromedp.CSS("body.status-" + status)))
	}
}
