package scenario

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A new user gets a message with a link and a code; either verifies the address. The code works
// in a session of the user, or in the browser that asked.
func TestVerification(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	ada := server.Register(t, "ada@example.com")
	mail := server.Mail(t, "ada@example.com", "verify")
	server.NewClient(t).Post("/api/email/verify", body{"code": mail.Code}).WantError(400, "invalid_token")
	ada.Get("/api/email/verify").Want(405)
	ada.Post("/api/email/verification", nil).Want(http.StatusAccepted)
	server.NewClient(t).Post("/api/email/verify", body{"token": mail.Token()}).WantError(400, "invalid_token") // an older one
	mail = server.Mail(t, "ada@example.com", "verify")
	ada.Post("/api/email/verify", body{"code": mail.Code}).Want(200)
	if !ada.User().EmailVerified {
		t.Error("not verified")
	}
	ada.Post("/api/email/verification", nil).WantError(409, "already_verified")

	bob := server.Register(t, "bob@example.com")
	elsewhere := server.NewClient(t)
	elsewhere.Post("/api/email/verify", body{"token": server.Mail(t, "bob@example.com", "verify").Token()}).Want(200)
	if !bob.User().EmailVerified || elsewhere.Cookie != "" {
		t.Errorf("verified %v, and the link gives the cookie %q", bob.User().EmailVerified, elsewhere.Cookie)
	}
}

// Where addresses are verified first, a registration looks the same for new and taken addresses,
// and only the browser that registered is signed in.
func TestVerificationFirst(t *testing.T) {
	server := testkit.Start(t, testkit.Development, testkit.VerifiesFirst)
	register := func(email, password string) *testkit.Client {
		c := server.NewClient(t)
		c.Post("/api/register", testkit.Registration("aruncs", email, password)).Want(http.StatusAccepted).
			WantBody(`{"status":"success","message":"Check your e-mail to finish."}`)
		if c.Cookie != "" {
			t.Error("a session before the address is verified")
		}
		return c
	}
	ada := register("ada@example.com", "simplepass")
	server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantError(403, "email_not_verified")
	ada.Post("/api/email/verify", body{"code": server.Mail(t, "ada@example.com", "verify").Code}).Want(200)
	if u := ada.User(); !u.EmailVerified {
		t.Errorf("%+v", u)
	}
	server.Login(t, "ada@example.com")

	register("Ada@Example.com", "simplepass2")
	if got := server.Purposes(t, "ada@example.com"); got != "taken verify" {
		t.Errorf("mail: %s", got)
	}
	server.Login(t, "ada@example.com") // nothing has changed

	bob := register("bob@example.com", "simplepass")
	elsewhere := server.NewClient(t)
	elsewhere.Post("/api/email/verify", body{"token": server.Mail(t, "bob@example.com", "verify").Token()}).Want(200)
	if elsewhere.Cookie != "" || bob.Cookie != "" {
		t.Error("a link signs in another browser")
	}
	server.Login(t, "bob@example.com")
}

// A stranger who registers an address first does not have a password for the account that its
// owner verifies later.
func TestNobodyRegistersAheadOfTheOwner(t *testing.T) {
	t.Run("verified first", func(t *testing.T) {
		server := testkit.Start(t, testkit.Development, testkit.VerifiesFirst)
		eve, ada := server.NewClient(t), server.NewClient(t)
		eve.Post("/api/register", testkit.Registration("eve", "ada@example.com", "password of eve")).Want(202)
		ada.Post("/api/register", testkit.Registration("ada", "ada@example.com", "password of ada")).Want(202)
		eve.Post("/api/register", testkit.Registration("eve", "ada@example.com", "password of eve")).Want(202)
		if got := server.Purposes(t, "ada@example.com"); got != "verify" {
			t.Errorf("mail: %s, want one a day", got)
		}
		ada.Post("/api/email/verify", body{"token": server.Mail(t, "ada@example.com", "verify").Token()}).Want(200)
		eve.Post("/api/login", testkit.Credentials("ada@example.com", "password of eve")).WantError(401, "invalid_credentials")
	})
	for name, claim := range map[string]func(*testkit.Server, *testkit.Client){
		"reset": func(server *testkit.Server, ada *testkit.Client) {
			ada.Post("/api/password/forgot", body{"email": "ada@example.com"}).Want(202)
			token := server.Mail(t, "ada@example.com", "reset").Token()
			ada.Post("/api/password/reset", body{"token": token, "new_password": "password of ada"}).Want(200)
		},
		"code": func(server *testkit.Server, ada *testkit.Client) {
			ada.Post("/api/login/email", body{"email": "ada@example.com"}).Want(202)
			ada.Post("/api/login/code", body{"code": server.Mail(t, "ada@example.com", "login").Code}).Want(200)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := testkit.Start(t, testkit.Development, testkit.LoginByMail)
			eve, ada := server.Register(t, "ada@example.com"), server.NewClient(t)
			claim(server, ada)
			eve.Get("/api/user").WantError(401, "not_logged_in")
			eve.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantError(401, "invalid_credentials")
		})
	}
}

// A new address counts once it is confirmed. The old one is told before and after, and can undo
// the change, also if it was changed again.
func TestChangeOfAddress(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	ada := server.Register(t, "ada@example.com")
	change := func(to string) {
		ada.Post("/api/email", body{"email": to}).Want(http.StatusAccepted)
		ada.Post("/api/email/confirm", body{"code": server.Mail(t, to, "change").Code}).Want(200)
	}
	ada.Post("/api/email", body{"email": "not an address"}).WantError(400, "invalid_input")
	ada.Post("/api/email", body{"email": "countess@example.com"}).Want(202)
	if ada.User().Email != "ada@example.com" {
		t.Error("changed before it was confirmed")
	}
	server.Mail(t, "ada@example.com", "notice")
	change("countess@example.com")
	if u := ada.User(); u.Email != "countess@example.com" || !u.EmailVerified {
		t.Errorf("%+v", u)
	}
	undo := server.Mail(t, "ada@example.com", "notice")
	change("eve@example.com")
	later := server.Mail(t, "countess@example.com", "notice")

	server.NewClient(t).Post("/api/undo", body{"token": undo.Token()}).Want(200)
	ada.Get("/api/user").WantError(401, "not_logged_in")
	ada.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantError(401, "invalid_credentials")
	for _, m := range []testkit.Mail{undo, later} {
		server.NewClient(t).Post("/api/undo", body{"token": m.Token()}).WantError(400, "invalid_token")
	}
	reset := server.Mail(t, "ada@example.com", "reset")
	ada.Post("/api/password/reset", body{"token": reset.Token(), "new_password": "a better one"}).Want(200)
	ada.Post("/api/login", testkit.Credentials("ada@example.com", "a better one")).Want(200)
}

// An address that somebody else has gets a message, and the user who asked learns nothing. If it
// is taken after that, the change fails.
func TestChangeToATakenAddress(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	ada, bob := server.Register(t, "ada@example.com"), server.Register(t, "bob@example.com")
	ada.Post("/api/email", body{"email": "Bob@example.com"}).Want(202)
	server.Mail(t, "bob@example.com", "taken")

	ada.Post("/api/email", body{"email": "new@example.com"}).Want(202)
	token := server.Mail(t, "new@example.com", "change").Token()
	server.Register(t, "new@example.com")
	ada.Post("/api/email/confirm", body{"token": token}).WantError(409, "email_taken")
	if ada.User().Email != "ada@example.com" || bob.User().Email != "bob@example.com" {
		t.Error("an address has changed")
	}
}

// A user changes the language of mails and pages to one that there are texts for.
func TestLanguage(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	ada := server.NewClient(t)
	ada.Header.Set("Accept-Language", "de-CH, en;q=0.8")
	ada.Register("ada@example.com")
	if got := server.Mail(t, "ada@example.com", "verify").Subject; got != "Bestätigen Sie Ihre E-Mail-Adresse für Cardea" {
		t.Errorf("subject %q", got)
	}
	ada.JSON("PATCH", "/api/user", body{"language": "tlh"}).WantError(400, "invalid_input")
	ada.JSON("PATCH", "/api/user", body{"language": "fr", "name": "Comtesse"}).Want(200)
	if u := ada.User(); u.Name != "Comtesse" || u.Language == nil || *u.Language != "fr" {
		t.Errorf("%+v", u)
	}
	ada.JSON("PATCH", "/api/user", body{}).WantError(400, "invalid_input")
}

// Who cannot sign in before the address is verified gets the message again at once, within the
// limits on mail. The answer is the same for every address.
func TestVerificationAgain(t *testing.T) {
	server := testkit.Start(t, testkit.Development, testkit.VerifiesFirst, testkit.Throttled)
	ada, eve := server.NewClient(t), server.NewClient(t)
	ada.Post("/api/register", testkit.Registration("aruncs", "ada@example.com", "simplepass")).Want(202)
	first := server.Mail(t, "ada@example.com", "verify")
	const answer = `{"status":"success","message":"If an account with this address waits to be confirmed, we have sent a link to it. It works for one day."}`
	for _, email := range []string{"Ada@example.com", "nobody@example.com", "nonsense"} {
		eve.Post("/api/email/verification", body{"email": email}).Want(202).WantBody(answer)
	}
	eve.Post("/api/email/verification", body{"email": ""}).WantError(400, "invalid_input")
	eve.Post("/api/email/verification", nil).WantError(401, "not_logged_in")
	second := server.Mail(t, "ada@example.com", "verify")
	if second.Token() == first.Token() || server.Purposes(t, "nobody@example.com") != "" {
		t.Error("the message did not go again, or to a stranger")
	}
	ada.Post("/api/email/verify", body{"token": first.Token()}).WantError(400, "invalid_token")
	// Whoever asks again does not count as the browser that registered: not for the code, and not
	// for a password.
	eve.Post("/api/email/verify", body{"code": second.Code}).WantError(400, "invalid_token")
	for range 2 {
		eve.Post("/api/register", testkit.Registration("eve", "ada@example.com", "password of eve")).Want(202)
	}
	ada.Post("/api/email/verify", body{"code": second.Code}).Want(200)
	if ada.User().Email != "ada@example.com" {
		t.Error("the browser that registered is not signed in")
	}
	eve.Post("/api/login", testkit.Credentials("ada@example.com", "password of eve")).WantError(401, "invalid_credentials")

	eve.Post("/api/email/verification", body{"email": "ada@example.com"}).Want(202).WantBody(answer)
	if got := server.Purposes(t, "ada@example.com"); got != "verify verify" {
		t.Errorf("mail: %s", got)
	}
	bob := server.NewClient(t)
	bob.Post("/api/register", testkit.Registration("bob", "bob@example.com", "simplepass")).Want(202)
	for range 9 {
		bob.Post("/api/email/verification", body{"email": "bob@example.com"}).Want(202).WantBody(answer)
	}
	if got := strings.Count(server.Purposes(t, "bob@example.com"), "verify"); got != 4 {
		t.Errorf("%d messages, want four: the fifth of an hour is for a new password", got)
	}
	optional := testkit.Start(t).NewClient(t)
	optional.Post("/api/email/verification", body{"email": "ada@example.com"}).WantError(401, "not_logged_in")
}

// A change of address that waits can be cancelled. One to the present address is none.
func TestChangeOfAddressIsCancelled(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	ada := server.Register(t, "ada@example.com")
	ada.Post("/api/email", body{"email": " ada@example.com "}).WantError(400, "invalid_input")
	if got := server.Purposes(t, "ada@example.com"); got != "verify" {
		t.Errorf("mail: %s", got)
	}
	ada.Post("/api/email", body{"email": "countess@example.com"}).Want(202)
	first := server.Mail(t, "countess@example.com", "change")
	ada.Post("/api/email", body{"email": "countess@example.com"}).Want(202) // sent twice
	if got := server.Purposes(t, "countess@example.com"); got != "change" {
		t.Errorf("mail: %s", got)
	}
	server.Clock.Advance(2 * time.Minute)
	ada.Post("/api/email", body{"email": "countess@example.com"}).Want(202)
	second := server.Mail(t, "countess@example.com", "change")
	if second.Token() == first.Token() {
		t.Error("later, no other message goes")
	}
	for range 2 {
		ada.Delete("/api/email").Want(200)
	}
	ada.Post("/api/email/confirm", body{"token": second.Token()}).WantError(400, "invalid_token")
	ada.Post("/api/email", body{"email": "Ada@example.com"}).Want(202) // another spelling
	ada.Post("/api/email/confirm", body{"token": tokenFor(t, server, "Ada@example.com", "change")}).Want(200)
	server.NewClient(t).Delete("/api/email").WantError(401, "not_logged_in")
}

// tokenFor is that of the newest message of a purpose to an address, which may have got others at the
// same moment.
func tokenFor(t *testing.T, server *testkit.Server, to, purpose string) string {
	t.Helper()
	for _, m := range server.Mails(t, to) {
		if m.Purpose == purpose {
			return m.Token()
		}
	}
	t.Fatalf("no message to %s for %s", to, purpose)
	return ""
}
