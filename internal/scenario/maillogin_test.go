package scenario

import (
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A user signs in with a code or a link from a message, in the browser that asked, within ten
// minutes.
func TestLoginByMail(t *testing.T) {
	server := testkit.Start(t, testkit.Development, testkit.LoginByMail)
	server.Register(t, "ada@example.com")
	ask := func() (*testkit.Client, testkit.Mail) {
		c := server.NewClient(t)
		c.Post("/api/login/email", body{"email": "ada@example.com"}).Want(202)
		return c, server.Mail(t, "ada@example.com", "login")
	}
	ada, mail := ask()
	for _, proof := range []body{{"code": mail.Code}, {"token": mail.Token()}} {
		server.NewClient(t).Post("/api/login/code", proof).WantError(401, "invalid_token") // another browser
	}
	ada.Post("/api/login/code", body{"code": mail.Code}).Want(200).WantBody(`{"status":"success","message":"Login successful!"}`)
	if !ada.User().EmailVerified {
		t.Error("not verified")
	}
	ada.Post("/api/login/code", body{"code": mail.Code}).WantError(401, "invalid_token")

	ada, mail = ask()
	ada.Post("/api/login/code", body{"token": mail.Token()}).Want(200)
	ada, mail = ask()
	server.Clock.Advance(10 * time.Minute)
	ada.Post("/api/login/code", body{"code": mail.Code}).WantError(401, "invalid_token")

	nobody := server.NewClient(t)
	nobody.Post("/api/login/email", body{"email": "nobody@example.com"}).Want(202)
	if nobody.Browser == "" {
		t.Error("unknown addresses get no cookie")
	}
	nobody.Post("/api/login/code", body{"code": mail.Code}).WantError(401, "invalid_token")
}

// Without the setting there is no sign-in by mail.
func TestLoginByMailIsOff(t *testing.T) {
	client := testkit.Start(t).NewClient(t)
	client.Post("/api/login/email", body{"email": "ada@example.com"}).WantError(404, "email_login_off")
	client.Post("/api/login/code", body{"code": "22222222"}).WantError(404, "email_login_off")
}
