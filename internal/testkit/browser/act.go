package browser

import (
	"context"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Replace types a text into the field of an id, in place of what it has.
func (tab *Tab) Replace(id, text string) {
	tab.t.Helper()
	field := chromedp.CSS("#" + id)
	tab.Do(chromedp.Clear(field), chromedp.SendKeys(field, text))
}

// Choose chooses a file in the field of an id.
func (tab *Tab) Choose(id, file string) {
	tab.t.Helper()
	tab.Do(chromedp.SetUploadFiles(chromedp.CSS("#"+id), []string{file}))
}

// Touch clicks the first element that a selector finds. It waits for no page.
func (tab *Tab) Touch(selector string) {
	tab.t.Helper()
	tab.Do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Press presses keys, wherever the focus is.
func (tab *Tab) Press(keys string) { tab.t.Helper(); tab.Do(chromedp.KeyEvent(keys)) }

// PressToPage presses keys, and waits for the page that they lead to.
func (tab *Tab) PressToPage(keys string) {
	tab.t.Helper()
	_, err := chromedp.RunResponse(tab.ctx, chromedp.KeyEvent(keys))
	tab.must(err)
}

// EvaluateToPage evaluates an expression, and waits for the page that it leads to.
func (tab *Tab) EvaluateToPage(expression string) (status int64) {
	tab.t.Helper()
	evaluate := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](expression+", true")(ctx, target)
		return err
	})
	response, err := chromedp.RunResponse(tab.ctx, evaluate)
	tab.must(err)
	return response.Status
}

// Await waits until an expression is true.
func (tab *Tab) Await(expression string) {
	tab.t.Helper()
	_, err := chromedp.Run(tab.ctx, chromedp.Poll[bool](expression))
	tab.must(err)
}

// SetCookie gives the browser a cookie for an address.
func (tab *Tab) SetCookie(address, name, value string) {
	tab.t.Helper()
	cookie := network.CookieParam{URL: address, Name: name, Value: value, HTTPOnly: true}
	tab.Do(command(network.SetCookies, network.SetCookiesParams{Cookies: []*network.CookieParam{&cookie}}))
}
