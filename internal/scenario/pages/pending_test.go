package pages

import (
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The account page shows a change of address that waits, and cancels it. It shows the same for
// an address that somebody else has, as does the download of the data.
func TestPendingAddress(t *testing.T) {
	server := testkit.Start(t, development)
	server.Register(t, "eve@example.com")
	visitor := registered(t, server, "ada@example.com")
	lacks(t, visitor.Get("/account"), "Waits for confirmation")
	says(t, visitor.post("/account/email", "email", "ada@example.com"), 400, `<a href="#email-email">You have this e-mail address already.`)

	const cancel = `<button name="cancel" value="1">Cancel this change</button>`
	var seen []string
	for _, email := range []string{"new@example.com", "eve@example.com"} {
		visitor.saw(t, "We have sent a link to "+email, "email", "/account/email", "email", email)
		page := visitor.Get("/account")
		says(t, page, 200, "<bdi>"+email+"</bdi> <span", "Waits for confirmation", "Until then, ada@example.com stays.", cancel)
		seen = append(seen, strings.ReplaceAll(string(page.Body), email, ""))
		visitor.saw(t, "The change is cancelled. Your address is still ada@example.com.", "email", "/account/email", "cancel", "1")
		lacks(t, visitor.Get("/account"), "Waits for confirmation", cancel)
	}
	if seen[0] != seen[1] {
		t.Error("the page tells which address somebody has")
	}
	says(t, browserOf(t, server).post("/verify", "token", newest(t, server, "new@example.com", "change").token()), 400)

	visitor.post("/account/email", "email", "new@example.com").Want(303)
	visitor.post("/account/password", "current_password", "simplepass", "new_password", "another pass phrase").Want(303)
	lacks(t, visitor.Get("/account"), "Waits for confirmation") // the password has made the link void
}

// What is sent a second time, by a double click or the back button, does nothing and says so.
func TestFormsSentTwice(t *testing.T) {
	server := testkit.Start(t, development)
	visitor := registered(t, server, "ada@example.com")
	cookie := visitor.cookies["session"]
	leadsTo(t, visitor.post("/register", "name", "Ada", "email", "Ada@example.com ", "password", "simplepass"), "./")
	if visitor.cookies["session"] != cookie {
		t.Error("the second registration has replaced the session")
	}

	server.Login(t, "ada@example.com")
	id := regexp.MustCompile(`name="id" value="(\w+)"`).FindStringSubmatch(string(visitor.Get("/account").Body))[1]
	visitor.saw(t, "That device is signed out.", "sessions", "/account/sessions", "id", id)
	for _, id := range []string{id, "", "aaaaaaaaaaaaaaaa", "no id"} {
		visitor.saw(t, "That device is not signed in any more.", "sessions", "/account/sessions", "id", id)
	}

	for range 2 {
		visitor.saw(t, "We have sent a link to new@example.com.", "email", "/account/email", "email", "new@example.com")
	}
	leadsTo(t, visitor.post("/verify", "token", newest(t, server, "new@example.com", "change").token()), "verify?done")
	says(t, visitor.post("/account/email", "email", "new@example.com"), 400, "You have this e-mail address already.")
}

// Where addresses are verified first, a form that is sent twice at once comes from one browser,
// so its password stays.
func TestRegistrationSentTwice(t *testing.T) {
	server := testkit.Start(t, development, verifiesFirst)
	visitor := browserOf(t, server)
	visitor.keep(visitor.Get("/register"))
	before := visitor.Header.Get("Cookie")
	for range 2 {
		visitor.Header.Set("Cookie", before)
		leadsTo(t, visitor.post("/register", "name", "Ada", "email", "ada@example.com", "password", "simplepass"), "register?sent")
	}
	leadsTo(t, visitor.post("/verify", "token", newest(t, server, "ada@example.com", "verify").token()), "verify?done")
	server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
}
