package pages

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// tooWide lists what sticks out of the screen, at most three elements.
const tooWide = `(w => document.documentElement.scrollWidth <= w ? [] : [...document.body.querySelectorAll('*')]
	.filter(e => (r => r.width && (r.right > w + 1 || r.left < -1))(e.getBoundingClientRect())).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).concat(document.documentElement.scrollWidth + ' pixels'))(innerWidth)`

// fitsTheScreen checks that a page does not scroll sideways on 320 pixels, at 200 % zoom, with
// letters of twice the size or from right to left.
func fitsTheScreen(t *testing.T, tab *browser.Tab, state string) {
	t.Helper()
	for _, c := range []struct {
		what          string
		width, height int64
		dir, size     string
	}{
		{"zoom", 640, 400, "ltr", "100%"}, // 1280 pixels at 200 %
		{"320 pixels", 320, 640, "ltr", "100%"},
		{"320 pixels, right to left", 320, 640, "rtl", "100%"},
		{"right to left", 1280, 800, "rtl", "100%"},
		{"large letters", 1280, 800, "ltr", "200%"},
	} {
		tab.Do(chromedp.EmulateViewport(c.width, c.height))
		browser.Evaluate[string](tab, `(e => (e.dir = "`+c.dir+`", e.style.fontSize = "`+c.size+`"))(document.documentElement)`)
		if found := browser.Evaluate[[]string](tab, tooWide); len(found) > 0 {
			t.Errorf("%s, %s: %q", state, c.what, found)
		}
	}
	browser.Evaluate[string](tab, "document.documentElement.style.fontSize = ''")
}

// obeysTheUser checks that with forced colours everything that can be used has a border or an
// underline, and the focus is seen; and that users who want no motion get none.
func obeysTheUser(t *testing.T, tab *browser.Tab, state string) {
	t.Helper()
	tab.Do(browser.Media("forced-colors", "active", "prefers-reduced-motion", "reduce"))
	for _, fault := range browser.Evaluate[[]string](tab, `[...document.querySelectorAll('a, button, input, select, summary, canvas[tabindex], dialog[open]')].filter(e => e.checkVisibility()).flatMap(e => {
		const style = getComputedStyle(e), faults = [];
		const bordered = style.borderTopStyle !== 'none' && style.borderTopWidth !== '0px';
		const plain = e.closest('nav, header') || e.matches('[type=range], .show, canvas'); // these look like links, or are the system's
		if (!bordered && !plain && style.textDecorationLine !== 'underline') faults.push('no border');
		if (style.forcedColorAdjust !== 'auto') faults.push('colours of its own');
		if (style.transitionDuration !== '0s' || style.animationName !== 'none') faults.push('motion');
		e.focus({focusVisible: true});
		const ring = getComputedStyle(e.matches('canvas') ? e.parentElement : e);
		if (document.activeElement === e && e.localName !== 'dialog' && (ring.outlineStyle === 'none' || ring.outlineWidth === '0px')) faults.push('no focus ring');
		return faults.map(fault => fault + ': ' + e.outerHTML.slice(0, 150));
	})`) {
		t.Errorf("%s: %s", state, fault)
	}
}
