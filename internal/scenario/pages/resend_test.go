package pages

import (
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

func verifiesFirst(c *cardea.Config) { c.EmailVerification = "required" }

// Who may not sign in before the address is confirmed gets the link again by a button: on the
// page of the sign-in, and where a link is of no use any more.
func TestLinkAgain(t *testing.T) {
	server := testkit.Start(t, development, verifiesFirst)
	visitor := browserOf(t, server)
	visitor.post("/register", "name", "Ada", "email", "ada@example.com", "password", "simplepass").Want(303)
	first := newest(t, server, "ada@example.com", "verify")
	const button = `<button name="send" value="1">Send link again</button>`
	lacks(t, visitor.post("/login", "email", "ada@example.com", "password", "wrongpass"), button)
	says(t, visitor.post("/login", "email", "ada@example.com", "password", "simplepass"), 400,
		"Verify your e-mail address first", `<input type="hidden" name="email" value="ada@example.com">`, button)
	leadsTo(t, visitor.post("/verify", "send", "1", "email", "ada@example.com"), "verify?sent")
	says(t, visitor.Get("/verify?sent"), 200, "If an account with the address ada@example.com waits to be confirmed, we have sent")
	second := newest(t, server, "ada@example.com", "verify")
	page := browserOf(t, server).post("/verify", "token", first.token())
	says(t, page, 400, "This link has expired", `name="email" type="email"`, "Send link again")
	leadsTo(t, visitor.post("/verify", "token", second.token()), "verify?done") // it signs in: the browser is the same

	stranger := browserOf(t, server)
	leadsTo(t, stranger.post("/verify", "send", "1", "email", "eve@example.com"), "verify?sent")
	says(t, stranger.Get("/verify?sent"), 200, "If an account with the address eve@example.com waits")
	says(t, stranger.post("/verify", "send", "1", "email", ""), 400, `<a href="#email">Enter an e-mail address.`)
}

// Where users can sign in unconfirmed, they ask for the link on the account page.
func TestLinkAgainNeedsASession(t *testing.T) {
	server := testkit.Start(t, development)
	visitor := browserOf(t, server)
	page := visitor.post("/verify", "token", strings.Repeat("A", 26))
	says(t, page, 400, "Sign in to get a new link.")
	lacks(t, page, "Send link again")
	says(t, visitor.post("/verify", "send", "1", "email", "ada@example.com"), 400)
}
