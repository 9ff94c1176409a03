package pages

import (
	"encoding/base64"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Where registration is closed, only operators add users, and no page offers it.
func TestClosedRegistration(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.Registration = "closed" })
	visitor := browserOf(t, server)
	server.NewClient(t).Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).WantError(403, "registration_closed")
	says(t, visitor.Get("/register"), 200, "Registration is closed.", `href="login"`)
	says(t, visitor.post("/register", "name", "Ada", "email", "ada@example.com", "password", "simplepass"), 400, "Registration is closed.")
	for _, path := range []string{"/", "/login"} {
		lacks(t, visitor.Get(path), `href="register"`, `href="./register"`)
	}
}

// Without pages, browsers get what programs get. The mailbox for developers stays.
func TestWithoutPages(t *testing.T) {
	server := testkit.Start(t, testkit.Development, func(c *cardea.Config) { c.Pages = "off" })
	visitor := browserOf(t, server)
	for _, path := range []string{"/register", "/login", "/logout", "/account", "/account/profile", "/forgot", "/reset", "/verify", "/undo", "/.well-known/change-password"} {
		status := 404
		if path == "/login" {
			status = 405 // the call stays
		}
		if answer := visitor.Get(path); answer.Status != status {
			t.Errorf("%s: %d, want %d", path, answer.Status, status)
		}
	}
	visitor.Get("/").WantError(401, "not_logged_in")
	visitor.Register("ada@example.com").Want(201)
	visitor.Post("/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
	visitor.post("/login", "email", "ada@example.com", "password", "simplepass").Want(415)
	says(t, visitor.Get("/dev/mail"), 200, "ada@example.com")
	visitor.Get("/docs").Want(200)
}

// A program without a known name has the one that it gives itself.
func TestDeviceOfProgram(t *testing.T) {
	server := testkit.Start(t)
	visitor := registered(t, server, "ada@example.com")
	for agent, name := range map[string]string{"curl/7.88.1": "curl", "<b>/1 x": "Unknown device", "Mozilla/5.0 (x)": "Unknown device"} {
		program := server.NewClient(t)
		program.Header.Set("User-Agent", agent)
		program.Login("ada@example.com").Want(200)
		says(t, visitor.Get("/account"), 200, name)
	}
}

// A user finds the way back to the app.
func TestWayToTheApp(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.AppURL, c.AppName = "https://app.example.com/", "Acme" })
	visitor := browserOf(t, server)
	leadsTo(t, visitor.post("/register", "name", "Ada", "email", "ada@example.com", "password", "simplepass"), "https://app.example.com/")
	says(t, visitor.Get("/"), 200, `href="https://app.example.com/">Continue to Acme`)
	says(t, visitor.Get("/account"), 200, `<header><a href="https://app.example.com/">`)
}

// The address that somebody typed does not stay for the next one, and a planted one that is
// none is not shown.
func TestNoteIsForOne(t *testing.T) {
	server := testkit.Start(t)
	visitor := registered(t, server, "ada@example.com")
	leadsTo(t, visitor.post("/forgot", "email", "ada@example.com"), "forgot?sent")
	says(t, visitor.Get("/forgot?sent"), 200, "ada@example.com")
	visitor.post("/logout").Want(303)
	lacks(t, visitor.Get("/forgot?sent"), "ada@example.com")
	visitor.cookies["session-note"] = base64.RawURLEncoding.EncodeToString([]byte("Call 555 now\n"))
	visitor.keep(visitor.Get("/login")) // sends it from now on
	lacks(t, visitor.Get("/forgot?sent"), "Call 555")
}
