package scenario

import (
	"net/http"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

func TestChangePassword(t *testing.T) {
	server := testkit.Start(t)
	laptop := server.Register(t, "ada@example.com")
	phone := server.Login(t, "ada@example.com")
	before := laptop.Cookie

	server.NewClient(t).Post("/api/password", testkit.PasswordChange("simplepass", "another one")).WantError(http.StatusUnauthorized, "not_logged_in")
	laptop.Post("/api/password", testkit.PasswordChange("wrong", "another one")).WantError(http.StatusForbidden, "wrong_password")
	for _, c := range []struct {
		body  map[string]any
		field string
	}{
		{testkit.PasswordChange("simplepass", "short"), "new_password"},
		{testkit.PasswordChange("simplepass", "password"), "new_password"},
		{testkit.PasswordChange("simplepass", "ADA@example.com"), "new_password"},
		{testkit.PasswordChange("", "another one"), "current_password"},
		{map[string]any{"current_password": "simplepass"}, "new_password"},
	} {
		answer := laptop.Post("/api/password", c.body).WantError(http.StatusBadRequest, "invalid_input")
		if answer.Envelope().Errors[c.field] == "" {
			t.Errorf("%v: %s", c.body, answer.Body)
		}
	}
	phone.Get("/api/user").Want(http.StatusOK) // so far, nothing has changed

	laptop.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(http.StatusOK)
	laptop.Get("/api/user").Want(http.StatusOK)
	phone.Get("/api/user").Want(http.StatusUnauthorized)
	laptop.Cookie = before
	laptop.Get("/api/user").Want(http.StatusUnauthorized) // this session has a fresh token
	phone.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(http.StatusUnauthorized)
	phone.Post("/api/login", testkit.Credentials("ada@example.com", "another one")).Want(http.StatusOK)
}

// Logins with the old password run during the change. None of them may have a session
// afterwards.
func TestChangePasswordAgainstLogins(t *testing.T) {
	server := testkit.Start(t)
	owner := server.Register(t, "ada@example.com")
	clients := make([]*testkit.Client, 40)
	var wg sync.WaitGroup
	for i := range clients {
		clients[i] = server.NewClient(t)
		wg.Go(func() { clients[i].Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")) })
	}
	wg.Go(func() {
		owner.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(http.StatusOK)
	})
	wg.Wait()
	owner.Get("/api/user").Want(http.StatusOK)
	for _, c := range clients {
		c.Get("/api/user").Want(http.StatusUnauthorized)
	}
}

// Of two changes at once, the second has the wrong current password.
func TestChangePasswordTwiceAtOnce(t *testing.T) {
	server := testkit.Start(t)
	a := server.Register(t, "ada@example.com")
	b := server.Login(t, "ada@example.com")
	var wg sync.WaitGroup
	var first, second *testkit.Answer
	wg.Go(func() { first = a.Post("/api/password", testkit.PasswordChange("simplepass", "the first one")) })
	wg.Go(func() { second = b.Post("/api/password", testkit.PasswordChange("simplepass", "the second one")) })
	wg.Wait()
	if (first.Status == 200) == (second.Status == 200) {
		t.Errorf("statuses %d and %d, want exactly one 200", first.Status, second.Status)
	}
}

func TestRename(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	answer := client.JSON("PATCH", "/api/user", map[string]any{"name": " Ada ", "email": "eve@example.com", "id": "x", "email_verified": true})
	if u := answer.Want(http.StatusOK).Envelope().User; u.Name != "Ada" || u.Email != "ada@example.com" {
		t.Errorf("renamed: %+v", u)
	}
	if u := client.User(); u.Name != "Ada" || u.Email != "ada@example.com" {
		t.Errorf("afterwards: %+v", u)
	}
	client.JSON("PATCH", "/api/user", map[string]any{}).WantError(http.StatusBadRequest, "invalid_input")
	client.Rename("a\u0007b").WantError(http.StatusBadRequest, "invalid_input")
	client.JSON("PATCH", "/api/user", map[string]any{"name": 5}).WantError(http.StatusBadRequest, "malformed_request")
	server.NewClient(t).Rename("x").WantError(http.StatusUnauthorized, "not_logged_in")
}
