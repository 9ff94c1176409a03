package pages

import (
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// A user who has forgotten the password sets a new one with the link of the message, which
// the development mailbox shows.
func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, development)
	server.Register(t, "ada@example.com")
	server.Clock.Advance(time.Second) // messages are sorted by time
	tab := browser.Open(t)
	tab.Go(server.URL + "/forgot")
	tab.Fill("email", "ada@example.com")
	tab.Click("main button")
	if text := tab.Text("[role=status]"); text != "If an account exists for ada@example.com, we have sent a link to it. It works for one hour." {
		t.Errorf("the page says %q", text)
	}
	if strings.Contains(tab.Address(), "ada") {
		t.Errorf("the address is in %s", tab.Address())
	}
	tab.Go(server.URL + "/dev/mail")
	tab.Click(".mailbox a")
	if heading := tab.Heading(); heading != "Reset your Cardea password" {
		t.Fatalf("the newest message is %q", heading)
	}
	reset := tab.ClickToTab("#link")
	if reset.Address() != server.URL+"/reset" || len(reset.Value("token")) != 26 {
		t.Errorf("at %s, the token is %q", reset.Address(), reset.Value("token"))
	}
	reset.Fill("new_password", "password") // a common one
	reset.Click("main button.primary")
	if focused := browser.Evaluate[string](reset, "document.activeElement.className"); focused != "summary" {
		t.Errorf("the focus is on %q", focused)
	}
	reset.Fill("new_password", "another pass phrase")
	reset.Click("main button.primary")
	if heading := reset.Heading(); heading != "Password changed" {
		t.Fatalf("the page is %q", heading)
	}
	client := server.NewClient(t)
	client.Post("/api/login", testkit.Credentials("ada@example.com", "another pass phrase")).Want(200)
	client.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(401)
	reset.Click("main a.button")
	reset.Fill("email", "ada@example.com")
	reset.Fill("password", "another pass phrase")
	reset.Click("main button.primary")
	if text := reset.Text("main"); !strings.Contains(text, "You are signed in") {
		t.Errorf("after the sign-in the page says %q", text)
	}
}

// Without script, the code of the message does what the link does.
func TestForgottenPasswordWithoutScript(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, development)
	server.Register(t, "ada@example.com")
	tab := browser.Open(t, browser.WithoutScript(), browser.Language("de"))
	tab.Go(server.URL + "/forgot")
	tab.Fill("email", "ada@example.com")
	tab.Click("main button")
	m := newest(t, server, "ada@example.com", "reset")
	tab.Go(m.Link)
	if tab.Value("email") != "ada@example.com" || tab.Value("token") != "" {
		t.Errorf("the form has %q and %q", tab.Value("email"), tab.Value("token"))
	}
	tab.Fill("code", "bcdfghjk")
	tab.Fill("new_password", "another pass phrase")
	if status := tab.Click("main button.primary"); status != 400 {
		t.Errorf("a wrong code: status %d", status)
	}
	if problem := tab.Text("#code-problem"); problem != "Dieser Code ist falsch, abgelaufen oder wurde schon benutzt." {
		t.Errorf("the page says %q", problem)
	}
	tab.Go(server.URL + "/reset")
	tab.Fill("code", m.Code[:4]+"-"+strings.ToLower(m.Code[4:]))
	tab.Fill("new_password", "another pass phrase")
	tab.Click("main button.primary")
	if heading := tab.Heading(); heading != "Passwort geändert" {
		t.Fatalf("the page is %q", heading)
	}
	server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "another pass phrase")).Want(200)
}

// The token of a link leaves the address at once, and nothing happens before the click.
func TestLinksWaitForAClick(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, development, withMailLogin)
	client := server.Register(t, "ada@example.com")
	m := newest(t, server, "ada@example.com", "verify")
	tab := browser.Open(t)
	tab.Go(m.Link)
	if tab.Address() != server.URL+"/verify" || tab.Value("token") != m.token() {
		t.Errorf("at %s with the token %q", tab.Address(), tab.Value("token"))
	}
	isVerified := func() bool { return strings.Contains(string(client.Get("/api/user").Body), `"email_verified":true`) }
	if isVerified() {
		t.Error("verified without a click")
	}
	tab.Click("main button.primary")
	if !isVerified() {
		t.Errorf("not verified after the click: %q", tab.Text("main"))
	}

	tab.Go(server.URL + "/login")
	tab.Fill("email", "ada@example.com")
	tab.Click("button[name=send]")
	tab.Go(newest(t, server, "ada@example.com", "login").Link)
	if tab.Address() != server.URL+"/login" {
		t.Errorf("at %s", tab.Address())
	}
	tab.Click("main form:not([hidden]) button.primary")
	if text := tab.Text("main"); !strings.Contains(text, "You are signed in") {
		t.Errorf("after the sign-in the page says %q", text)
	}
}

// What was typed as a password can be seen, but is sent as a password.
func TestShowPassword(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	tab := browser.Open(t, browser.Screen(320, 640, true))
	tab.Go(server.URL + "/login")
	kind := func() string { return browser.Evaluate[string](tab, "document.getElementById('password').type") }
	press := func() string {
		return browser.Evaluate[string](tab, "(b => { b.click(); return b.innerText.trim().replace(/\\s+/g, ' ') })(document.querySelector('.show'))")
	}
	if label := press(); kind() != "text" || label != "Hide Hide password" {
		t.Errorf("shown, it is %s and the button says %s", kind(), label)
	}
	if label := press(); kind() != "password" || label != "Show Show password" {
		t.Errorf("hidden, it is %s and the button says %s", kind(), label)
	}
}

// A message in the mailbox's frame can do nothing but open its links, in a new tab.
func TestMailInTheFrame(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, development)
	server.Register(t, "ada@example.com")
	tab := browser.Open(t)
	tab.Go(server.URL + "/dev/mail")
	tab.Click(".mailbox a")
	tab.Go(tab.Address() + "/html")
	if origin := browser.Evaluate[string](tab, "window.origin"); origin != "null" {
		t.Errorf("the frame's origin is %s", origin)
	}
	verify := tab.ClickToTab("a.button")
	if verify.Address() != server.URL+"/verify" || len(verify.Value("token")) != 26 {
		t.Errorf("at %s with the token %q", verify.Address(), verify.Value("token"))
	}
}
