package scenario

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// What ends sessions ends the cookies that were issued before, also those that were never
// exchanged, in the second of the end too.
func TestFlaskCookiesEnd(t *testing.T) {
	for what, end := range map[string]func(t *testing.T, server *testkit.Server){
		"a new password": func(t *testing.T, server *testkit.Server) {
			server.Login(t, "zoe@example.com").Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200)
		},
		"a reset": func(t *testing.T, server *testkit.Server) {
			client := server.NewClient(t)
			client.Post("/api/password/forgot", body{"email": "zoe@example.com"}).Want(202)
			client.Post("/api/password/reset", body{"token": server.Mail(t, "Zoe@example.com", "reset").Token(), "new_password": "another one"}).Want(200)
		},
		"the end of the others": func(t *testing.T, server *testkit.Server) {
			server.Login(t, "zoe@example.com").Delete("/api/sessions").Want(200)
		},
		"an operator's new password": func(t *testing.T, server *testkit.Server) {
			if _, _, err := server.Operate(t).SetPassword(t.Context(), "2", "another one"); err != nil {
				t.Error(err)
			}
		},
		"an operator's end of sessions": func(t *testing.T, server *testkit.Server) {
			if _, _, err := server.Operate(t).EndSessions(t.Context(), "2"); err != nil {
				t.Error(err)
			}
		},
		"the end of all users' sessions": func(t *testing.T, server *testkit.Server) {
			if _, err := server.Operate(t).EndAllSessions(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"a suspension, even after it": func(t *testing.T, server *testkit.Server) {
			operators := server.Operate(t)
			_, _, err := operators.Suspend(t.Context(), "2")
			if got := status(t, server, issued(server, zoe, 0)); got != 401 {
				t.Errorf("suspended: %d", got)
			}
			if _, again := operators.Unsuspend(t.Context(), "2"); err != nil || again != nil {
				t.Error(err, again)
			}
		},
		"another address": func(t *testing.T, server *testkit.Server) {
			if _, err := server.Operate(t).SetEmail(t.Context(), "2", "zoe2@example.com"); err != nil {
				t.Error(err)
			}
			if _, err := server.Operate(t).SetEmail(t.Context(), "2", "zoe@example.com"); err != nil {
				t.Error(err)
			}
		},
		"a new account": func(t *testing.T, server *testkit.Server) {
			if _, err := server.Operate(t).Delete(t.Context(), "2"); err != nil {
				t.Error(err)
			}
			server.Register(t, "zoe@example.com")
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server := withZoe(t, testkit.Development)
			server.Clock.Advance(500 * time.Millisecond)
			before := issued(server, `{"email":"Zoe@example.com"}`, time.Hour)
			unused := issued(server, `{"email":"Zoe@example.com","unused":1}`, time.Hour)
			within := issued(server, `{"email":"Zoe@example.com","unused":2}`, 0)
			client := with(t, server, before)
			client.Get("/api/user").Want(200)
			end(t, server)
			server.Clock.Advance(2 * time.Second) // a server notices operators' commands within one
			for name, cookie := range map[string]string{"exchanged": before, "unused": unused, "of the same second": within} {
				if got := status(t, server, cookie); got != 401 {
					t.Errorf("the cookie %s: %d", name, got)
				}
			}
			if what != "another address" { // which ends no session
				client.Get("/api/user").Want(401)
			}
			later := 200
			if what == "a new account" { // the app knows nothing of it
				later = 401
			}
			if got := status(t, server, issued(server, `{"email":"Zoe@example.com"}`, 0)); got != later {
				t.Errorf("a cookie issued later: %d", got)
			}
		})
	}
}

// A logout ends the cookie for ever, whichever cookie the client presents.
func TestLogoutEndsFlaskCookies(t *testing.T) {
	server := withZoe(t)
	for what, logout := range map[string]func(cookie string) *testkit.Client{
		"with the session": func(cookie string) *testkit.Client {
			client := with(t, server, cookie)
			client.Get("/api/user").Want(200)
			return client
		},
		"with an exchanged cookie": func(cookie string) *testkit.Client {
			with(t, server, cookie).Get("/api/user").Want(200)
			return with(t, server, cookie)
		},
		"with a cookie alone": func(cookie string) *testkit.Client { return with(t, server, cookie) },
	} {
		for how, path := range map[string]string{"by the API": "/api/logout", "by the page": "/logout"} {
			cookie := issued(server, fmt.Sprintf(`{"user_id":2,"x":%q}`, what+how), time.Hour)
			client := logout(cookie)
			out := with(t, server, client.Cookie)
			out.Undocumented = path == "/logout"
			if path == "/logout" {
				out.Send("POST", path, "application/x-www-form-urlencoded", nil).Want(303)
			} else {
				out.Post(path, nil).Want(200)
			}
			if out.Cookie != "" {
				t.Errorf("%s, %s: the client keeps a cookie", what, how)
			}
			for range 2 {
				if a, b := status(t, server, cookie), status(t, server, client.Cookie); a != 401 || b != 401 {
					t.Errorf("%s, %s: afterwards %d and %d", what, how, a, b)
				}
			}
		}
	}
	events, _ := auditOf(t, server, "2")
	if n := len(slices.DeleteFunc(events, func(e string) bool { return e != "logout" })); n != 6 {
		t.Errorf("%d logouts", n)
	}
	// So do a registration, as a login does, and the end of the one session.
	cookie := issued(server, zoe, time.Hour)
	with(t, server, cookie).Register("twin@example.com")
	if got := status(t, server, cookie); got != 401 {
		t.Errorf("after a registration: %d", got)
	}
	cookie = issued(server, zoe, 2*time.Hour)
	client := with(t, server, cookie)
	id := client.Get("/api/sessions").Want(200).Envelope().Sessions[0].ID
	ended := with(t, server, cookie).Delete("/api/sessions/" + id).Want(200)
	if len(ended.Cookies) != 1 || ended.Cookie.MaxAge >= 0 || status(t, server, cookie) != 401 || status(t, server, client.Cookie) != 401 {
		t.Errorf("after the end of the session: cookies %v", ended.Cookies)
	}
}

// What ended stays ended over a restart; what was exchanged goes on.
func TestFlaskCookiesAfterARestart(t *testing.T) {
	server := withZoe(t)
	out, in := issued(server, zoe, time.Hour), issued(server, zoe, 2*time.Hour)
	with(t, server, out).Post("/api/logout", nil).Want(200)
	client := with(t, server, in)
	client.Get("/api/user").Want(200)
	server.Stop()
	server = testkit.Start(t, testkit.On(server.Data), testkit.FromFlask(t))
	if got := status(t, server, out); got != 401 {
		t.Errorf("ended: %d", got)
	}
	again := with(t, server, in)
	if again.Get("/api/user").Want(200); again.Cookie != client.Cookie {
		t.Error("another session")
	}
	server.Stop()
	server = testkit.Start(t, testkit.On(server.Data)) // without keys
	if got := status(t, server, in); got != 401 {
		t.Errorf("without keys: %d", got)
	}
	with(t, server, client.Cookie).Get("/api/user").Want(200)
}
