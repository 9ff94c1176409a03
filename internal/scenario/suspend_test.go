package scenario

import (
	"net/http"
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A suspended user has no session and cannot sign in. Only the right password gets to know
// why; a guess is refused and counted as for any account.
func TestSuspendedUser(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	ada := server.From(t, "192.0.2.1")
	id := ada.Register("ada@example.com").Envelope().User.ID
	operators := server.Operate(t)
	if _, ended, err := operators.Suspend(t.Context(), id); err != nil || ended != 1 {
		t.Fatalf("%d sessions ended, %v", ended, err)
	}
	right := testkit.Credentials("ada@example.com", "simplepass")
	for range 3 { // a right password is no guess
		for range 3 {
			ada.Guess("ada@example.com").WantError(http.StatusUnauthorized, "invalid_credentials")
		}
		refused := ada.Post("/api/login", right).WantError(http.StatusForbidden, "suspended")
		if refused.Cookie != nil || len(refused.Cookies) > 0 {
			t.Errorf("cookies %v", refused.Cookies)
		}
	}
	ada.Guess("ada@example.com").Want(http.StatusUnauthorized)
	ada.Post("/api/login", right).WantThrottled()
	ada.Get("/api/user").Want(http.StatusUnauthorized)

	stranger := server.From(t, "192.0.2.9")
	stranger.Post("/api/register", testkit.Registration("Eve", "ada@example.com", "simplepass")).WantError(http.StatusConflict, "email_taken")
	if _, err := operators.Unsuspend(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	server.Clock.Advance(longestWait)
	ada.Post("/api/login", right).Want(http.StatusOK)
	server.Stop()
	logged := loggedEvents(t, server.Log.String(), id)
	if n := len(slices.DeleteFunc(logged, func(e string) bool { return e != "login_suspended" })); n != 3 {
		t.Errorf("%d events login_suspended", n)
	}
}
