// Package browser drives a real Chromium for tests of the pages. All tests of a program
// share one Chromium; each has a profile of its own, as in a private window.
package browser

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// patience bounds what a test does in a tab: seconds, or a minute on a busy machine with the
// race detector.
const patience = 5 * time.Minute

// Tab is a tab of a browser.
type Tab struct {
	t   testing.TB
	ctx context.Context
}

// Option changes how a tab behaves, before its first page.
type Option = chromedp.Action[chromedp.Void]

// WithoutScript turns the scripts of pages off.
func WithoutScript() Option {
	return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// Language is what the browser asks servers for.
func Language(tag string) Option {
	return command(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Safari/537.36", AcceptLanguage: tag,
	})
}

// Screen sets the size in pixels, and whether the user wants dark pages.
func Screen(width, height int64, dark bool) Option {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return chromedp.Steps(chromedp.EmulateViewport(width, height), Media("prefers-color-scheme", scheme))
}

// Media sets features that style sheets ask for, such as prefers-reduced-motion, in place of
// those set before: names and values.
func Media(pairs ...string) Option {
	var features []*emulation.MediaFeature
	for pair := range slices.Chunk(pairs, 2) {
		features = append(features, &emulation.MediaFeature{Name: pair[0], Value: pair[len(pair)-1]})
	}
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
}

// Open opens a tab in a browser that nobody has used before. It closes when the test ends.
// Without Chromium the test ends as [need.Missing] says, whose part is browser.
func Open(t testing.TB, options ...Option) *Tab {
	t.Helper()
	if _, err := find(); err != nil {
		need.Missing(t, "browser", err.Error(), "install Debian's package chromium-headless-shell")
	}
	ctx, err := chromium()
	if err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	tab := newTab(t, ctx, chromedp.WithNewBrowserContext())
	tab.Do(options...)
	return tab
}

func newTab(t testing.TB, parent context.Context, option chromedp.ContextOption) *Tab {
	ctx, closeTab := chromedp.NewContext(parent, option)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	return &Tab{t, ctx}
}

// find returns the path of Chromium: first without windows, which takes half the time.
func find() (string, error) {
	if path, err := exec.LookPath("chromium-headless-shell"); err == nil {
		return path, nil
	}
	return exec.LookPath("chromium")
}

var closeChromium = func() {}

// chromium starts the browser that all tests share.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, _ := find() // Open has looked
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))...)
	ctx, cancel := chromedp.NewContext(allocator)
	closeChromium = func() { cancel(); stop() }
	return ctx, chromedp.Do(ctx)
})

// Main runs the tests of a package, then closes the browser and calls cleanUp.
func Main(m *testing.M, cleanUp ...func()) {
	code := m.Run()
	closeChromium()
	for _, f := range cleanUp {
		f()
	}
	os.Exit(code)
}

// Do runs actions, and fails the test if one fails.
func (tab *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	tab.must(chromedp.Do(tab.ctx, actions...))
}

func (tab *Tab) must(err error) {
	tab.t.Helper()
	if err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tab.ctx), 2*time.Second)
	defer cancel()
	address, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	tab.t.Fatalf("%v; at %s, the page says %q", err, address, text)
}

// Go opens an address.
func (tab *Tab) Go(address string) { tab.t.Helper(); tab.Do(chromedp.Navigate(address)) }

// Fill types a text into the field of a name, at the end of what it has.
func (tab *Tab) Fill(name, text string) {
	tab.t.Helper()
	tab.Do(chromedp.SendKeys(chromedp.CSS(`input[name="`+name+`"]:not([type=hidden])`), text))
}

// Click clicks the first element that a selector finds, and waits for the page that it
// leads to. It returns that page's status.
func (tab *Tab) Click(selector string) (status int64) {
	tab.t.Helper()
	response, err := chromedp.RunResponse(tab.ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	tab.must(err)
	return response.Status
}

// ClickToTab clicks a link that opens in a new tab, and returns that.
func (tab *Tab) ClickToTab(selector string) *Tab {
	tab.t.Helper()
	opened := chromedp.WaitNewTarget(tab.ctx, func(i *target.Info) bool { return i.URL != "" })
	tab.Do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	select {
	case id := <-opened:
		next := newTab(tab.t, tab.ctx, chromedp.WithTargetID(id))
		next.Do(chromedp.WaitReady(chromedp.CSS("body > main")))
		return next
	case <-tab.ctx.Done():
		tab.must(tab.ctx.Err())
		return nil
	}
}

// Heading is the heading of the page.
func (tab *Tab) Heading() string { tab.t.Helper(); return tab.Text("h1") }

// Text is the visible text of the first element that a selector finds.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	text, err := chromedp.Run(tab.ctx, chromedp.Text(chromedp.CSS(selector)))
	tab.must(err)
	return text
}

// Value is what is in a field.
func (tab *Tab) Value(name string) string {
	tab.t.Helper()
	value, err := chromedp.Run(tab.ctx, chromedp.Value(chromedp.CSS(`input[name="`+name+`"]`)))
	tab.must(err)
	return value
}

// Address is where the tab is.
func (tab *Tab) Address() string {
	tab.t.Helper()
	address, err := chromedp.Run(tab.ctx, chromedp.Location())
	tab.must(err)
	return address
}

// Evaluate is the value of an expression.
func Evaluate[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	value, err := chromedp.Run(tab.ctx, chromedp.Evaluate[T](expression))
	tab.must(err)
	return value
}

// Screenshot is a picture of the whole page, as PNG.
func (tab *Tab) Screenshot() []byte {
	tab.t.Helper()
	png, err := chromedp.Run(tab.ctx, chromedp.FullScreenshot(100))
	tab.must(err)
	return png
}
