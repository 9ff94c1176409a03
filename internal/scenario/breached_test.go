package scenario

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// withBreached writes a list of breached passwords and returns its file and the option
// to use it.
func withBreached(t *testing.T, passwords ...string) (list string, configure func(*cardea.Config)) {
	t.Helper()
	var lines []string
	for _, p := range passwords {
		lines = append(lines, fmt.Sprintf("%X:7\r\n", sha1.Sum([]byte(p))))
	}
	slices.Sort(lines)
	list = filepath.Join(t.TempDir(), "pwnedpasswords.txt")
	if err := os.WriteFile(list, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return list, func(c *cardea.Config) { c.BreachedPasswords = list }
}

// Registration and password change refuse passwords on the operator's list.
func TestBreachedPasswords(t *testing.T) {
	_, breached := withBreached(t, "found in a breach", "bréached 名", "another of them")
	server := testkit.Start(t, testkit.Throttled, testkit.Limits("register=3/1h"), breached)
	client := server.From(t, "192.0.2.1")
	refused := func(a *testkit.Answer, field string) {
		t.Helper()
		e := a.WantError(400, "invalid_input").Envelope().Errors
		if len(e) != 1 || !strings.Contains(e[field], "data breach") {
			t.Errorf("errors %v, want one of %s", e, field)
		}
	}
	for range 4 { // mistakes in the form do not count
		refused(client.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "bréached 名")), "password")
	}
	client.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "Found in a breach")).Want(201) // not the same
	refused(client.Post("/api/password", testkit.PasswordChange("Found in a breach", "found in a breach")), "new_password")
	client.Post("/api/password", testkit.PasswordChange("wrong password", "found in a breach")).WantError(403, "wrong_password")
	client.Post("/api/password", testkit.PasswordChange("Found in a breach", "found nowhere")).Want(200)
}

// A user whose password was added to the list later can still sign in.
func TestBreachedPasswordsSignIn(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "ada@example.com")
	server.Stop()
	_, breached := withBreached(t, "simplepass")
	server = testkit.Start(t, breached, testkit.On(server.Data))
	server.Login(t, "ada@example.com")
}

// If the list cannot be read, no new password is accepted.
func TestBreachedPasswordsThatCannotBeRead(t *testing.T) {
	list, breached := withBreached(t, "found in a breach")
	server := testkit.Start(t, breached)
	client := server.Register(t, "ada@example.com")
	if err := os.Truncate(list, 10); err != nil {
		t.Fatal(err)
	}
	eve := testkit.Registration("Eve", "eve@example.com", "simplepass")
	if retry := server.NewClient(t).Post("/api/register", eve).WantError(503, "unavailable").Header.Get("Retry-After"); retry == "" {
		t.Error("no Retry-After")
	}
	client.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).WantError(503, "unavailable")
	client.Get("/api/user").Want(200)
	server.Login(t, "ada@example.com")
	server.NewClient(t).Post("/api/login", testkit.Credentials("eve@example.com", "simplepass")).Want(401)
	if log := server.Log.String(); !strings.Contains(log, "list of breached passwords") {
		t.Errorf("the log does not say what is wrong:\n%s", log)
	}
}
