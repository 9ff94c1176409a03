package scenario

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

type body = map[string]any

// A user who forgot the password gets a link and a code, and either sets a new one. All
// sessions end, the address counts as verified, and a notice goes out.
func TestForgottenPassword(t *testing.T) {
	for name, proof := range map[string]func(testkit.Mail) body{
		"by the link": func(m testkit.Mail) body { return body{"token": m.Token(), "new_password": "a better one"} },
		"by the code": func(m testkit.Mail) body {
			return body{"email": " ADA@example.com", "code": strings.ToLower(m.Code[:4]) + " - " + m.Code[4:], "new_password": "a better one"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := testkit.Start(t, testkit.Development)
			ada := server.Register(t, "ada@example.com")
			stranger := server.NewClient(t)
			stranger.Post("/api/password/forgot", body{"email": "ada@example.com"}).Want(http.StatusAccepted)
			mail := server.Mail(t, "ada@example.com", "reset")
			if !strings.HasPrefix(mail.Link, server.URL+"/reset#") {
				t.Errorf("link %s", mail.Link)
			}
			stranger.Post("/api/password/reset", proof(mail)).Want(200)
			if stranger.Cookie != "" {
				t.Error("it signs in")
			}
			ada.Get("/api/user").WantError(401, "not_logged_in")
			stranger.Post("/api/password/reset", proof(mail)).WantError(400, "invalid_token")
			ada.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantError(401, "invalid_credentials")
			ada.Post("/api/login", testkit.Credentials("ada@example.com", "a better one")).Want(200)
			if !ada.User().EmailVerified {
				t.Error("the address is not verified")
			}
			if got := server.Purposes(t, "ada@example.com"); got != "notice reset verify" {
				t.Errorf("mail: %s", got)
			}
		})
	}
}

// Strangers get the same answer whatever the address is, and nothing is sent to nobody.
func TestForgotRevealsNothing(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	server.Register(t, "ada@example.com")
	client := server.NewClient(t)
	want := client.Post("/api/password/forgot", body{"email": "ada@example.com"}).Want(202)
	for _, email := range []string{"nobody@example.com", "ada@example.com\r\nBcc: eve@example.com", "Ada <ada@example.com>", strings.Repeat("a", 300) + "@example.com", "no address"} {
		got := client.Post("/api/password/forgot", body{"email": email})
		if got.Status != want.Status || string(got.Body) != string(want.Body) {
			t.Errorf("%.40q: %d %s", email, got.Status, got.Body)
		}
	}
	client.Post("/api/password/forgot", body{}).WantError(400, "invalid_input")
	if n := len(server.Mails(t, "")); n != 2 {
		t.Errorf("%d messages, want those of the registration and of the reset", n)
	}
}

// A token works once, also if fifty use it at a time. The newest wins, and a changed password
// or an hour end it.
func TestResetTokens(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	ada := server.Register(t, "ada@example.com")
	ask := func() string {
		ada.Post("/api/password/forgot", body{"email": "ada@example.com"}).Want(202)
		return server.Mail(t, "ada@example.com", "reset").Token()
	}
	use := func(token string) *testkit.Answer {
		return server.NewClient(t).Post("/api/password/reset", body{"token": token, "new_password": "a better one"})
	}
	older, newer := ask(), ask()
	use(older).WantError(400, "invalid_token")
	for _, wrong := range []string{"", "x", newer[:25], newer + "A", strings.ToLower(newer)} {
		use(wrong).WantError(400, "invalid_token")
	}
	ada.Post("/api/password", testkit.PasswordChange("simplepass", "simplepass2")).Want(200)
	use(newer).WantError(400, "invalid_token")
	late := ask()
	server.Clock.Advance(time.Hour)
	use(late).WantError(400, "invalid_token")
	verify := server.Mails(t, "ada@example.com")
	use(verify[len(verify)-1].Token()).WantError(400, "invalid_token") // of another purpose

	token := ask()
	var all sync.WaitGroup
	statuses := make([]int, 50)
	for i := range statuses {
		all.Go(func() { statuses[i] = use(token).Status })
	}
	all.Wait()
	worked := 0
	for _, status := range statuses {
		if status == 200 {
			worked++
		} else if status != 400 {
			t.Errorf("status %d", status)
		}
	}
	if worked != 1 {
		t.Errorf("%d of 50 succeeded", worked)
	}
}

// After five wrong codes the right one is dead too, also if a hundred clients guess at once.
// What cannot be a code costs nothing.
func TestCodesAreGuessedFiveTimes(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	ada := server.Register(t, "ada@example.com")
	guess := func(code string) *testkit.Answer {
		return server.NewClient(t).Post("/api/password/reset", body{"email": "ada@example.com", "code": code, "new_password": "a better one"})
	}
	ada.Post("/api/password/forgot", body{"email": "ada@example.com"}).Want(202)
	code := server.Mail(t, "ada@example.com", "reset").Code
	for range 10 {
		guess("typo").WantError(400, "invalid_token")
	}
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { guess("22222222").WantError(400, "invalid_token") })
	}
	all.Wait()
	guess(code).WantError(400, "invalid_token")
}
