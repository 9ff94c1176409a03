package pages

import (
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// A user who has forgotten the password sets a new one with the link of the message, which
// the development mailbox shows.
func TestForgottenPassword(t *testing.T) {
	server := testkit.Start(t, development)
	server.Register(t, "ada@example.com")
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
