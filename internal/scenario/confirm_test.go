package scenario

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Ending all other sessions needs a password that was given in the last five minutes: at a
// registration, a login, a password change or a confirmation, or with the call.
func TestRecentPassword(t *testing.T) {
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	const required = "confirmation_required"
	end := func(body any) *testkit.Answer { return ada.JSON("DELETE", "/api/sessions", body) }
	confirm := func(password string) *testkit.Answer { return ada.Post("/api/confirm", testkit.Confirmation(password)) }
	for what, give := range map[string]func(){
		"registration":    func() { ada = server.Register(t, "eve@example.com") },
		"login":           func() { ada.Login("ada@example.com") },
		"password change": func() { ada.Post("/api/password", testkit.PasswordChange("simplepass", "simplepass")).Want(200) },
		"confirmation": func() {
			confirm("simplepass").Want(200).WantBody(`{"status":"success","message":"Password confirmed"}`)
		},
		"call": func() { end(testkit.Confirmation("simplepass")).Want(200) },
	} {
		ada = server.Login(t, "ada@example.com")
		server.Clock.Advance(5 * time.Minute)
		end(nil).WantError(403, required)
		give()
		server.Clock.Advance(5*time.Minute - time.Second)
		if answer := end(nil); answer.Status != 200 {
			t.Errorf("shortly after the %s: %d %s", what, answer.Status, answer.Body)
		}
		server.Clock.Advance(time.Second)
		if answer := end(nil); answer.Status != 403 {
			t.Errorf("five minutes after the %s: %d", what, answer.Status)
		}
	}
	ada = server.Login(t, "ada@example.com")
	other := server.Login(t, "ada@example.com")
	ada.Get("/api/user").Want(200)
	end(testkit.Confirmation("wrongpass")).WantError(403, "wrong_password") // judged, although the session is recent
	end(testkit.Confirmation("")).WantError(400, "invalid_input")
	end(map[string]any{"current_password": 1}).WantError(400, "malformed_request")
	other.Get("/api/user").Want(200)
	end(map[string]any{"current_password": nil, "other": "x"}).Want(200)
	other.Get("/api/user").Want(401)

	confirm("wrongpass").WantError(403, "wrong_password")
	confirm("").WantError(400, "invalid_input")
	ada.Post("/api/confirm", map[string]any{}).WantError(400, "invalid_input")
	server.NewClient(t).Post("/api/confirm", testkit.Confirmation("simplepass")).WantError(401, "not_logged_in")

	// Another session of the user stays as it was, and so does this one if the clock is set
	// back.
	other = server.Login(t, "ada@example.com")
	server.Clock.Advance(6 * time.Minute)
	confirm("simplepass").Want(200)
	other.Delete("/api/sessions").WantError(403, required)
	server.Clock.Advance(-time.Hour)
	end(nil).WantError(403, required)
}

// Confirmations are throttled and recorded like the current password of a password change,
// and count together with it.
func TestConfirmationsAreThrottled(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	ada := server.Register(t, "ada@example.com")
	id := ada.User().ID
	for i := range 10 {
		switch i % 3 {
		case 0:
			ada.Post("/api/confirm", testkit.Confirmation("wrongpass")).WantError(403, "wrong_password")
		case 1:
			ada.JSON("DELETE", "/api/sessions", testkit.Confirmation("wrongpass")).WantError(403, "wrong_password")
		case 2:
			ada.Post("/api/password", testkit.PasswordChange("wrongpass", "another one")).WantError(403, "wrong_password")
		}
	}
	ada.Post("/api/confirm", testkit.Confirmation("simplepass")).WantThrottled()
	ada.JSON("DELETE", "/api/sessions", testkit.Confirmation("simplepass")).WantThrottled()
	server.Clock.Advance(15 * time.Minute)
	ada.Post("/api/confirm", testkit.Confirmation("simplepass")).Want(200)
	server.Stop()
	events, _ := auditOf(t, server, id)
	want := append(slices.Repeat([]string{"password_failed"}, 10), "registered", "login_throttled", "confirmed")
	if got := sorted(events); fmt.Sprint(got) != fmt.Sprint(sorted(want)) {
		t.Errorf("events %v", got)
	}
}
