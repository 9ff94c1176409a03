package scenario

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A cookie names a user who was imported, under the address that the app has, byte for byte.
// The app may have two users whose addresses count as one here.
func TestFlaskCookieOfARejectedRow(t *testing.T) {
	server := testkit.Start(t, testkit.FromFlask(t))
	done := importUsers(t, server, flask.Source, user{"2", "victim@example.com", "yes"}, user{"3", "Victim@example.com", "yes"})
	if done.Outcomes["imported"] != 1 || done.Reasons["duplicate_email"] != 1 {
		t.Fatalf("%+v", done)
	}
	for session, want := range map[string]int{
		`{"email":"victim@example.com"}`: 200, `{"email":"Victim@example.com"}`: 401, `{"user_id":3}`: 401,
		`{"email":"victim@example.com "}`: 401, `{"_user_id":"Victim@example.com"}`: 401,
	} {
		if got := status(t, server, issued(server, session, time.Hour-time.Second)); got != want {
			t.Errorf("%s: %d, want %d", session, got, want)
		}
	}
}

// No cookie opens the account of somebody who registered here, or was imported under another id.
func TestFlaskCookieOfARegistration(t *testing.T) {
	server := testkit.Start(t, testkit.FromFlask(t), testkit.Development)
	server.Register(t, "ada@example.com")
	id := server.Login(t, "ada@example.com").User().ID
	server.Clock.Advance(time.Minute)
	for _, session := range []string{`{"email":"ada@example.com"}`, `{"user_id":"` + id + `"}`, `{"_user_id":"ada@example.com"}`} {
		if got := status(t, server, issued(server, session, 0)); got != 401 {
			t.Errorf("%s: %d", session, got)
		}
	}
}

// A registration may take over an account that was imported, if nobody has verified it.
func TestFlaskCookieAfterATakeover(t *testing.T) {
	server := testkit.Start(t, testkit.FromFlask(t), testkit.VerifiesFirst, testkit.Development)
	importUsers(t, server, flask.Source, user{"2", "ada@example.com", "no"})
	client := server.NewClient(t)
	client.Post("/api/register", body{"name": "Ada", "email": "ada@example.com", "password": "simplepass"}).Want(202)
	client.Post("/api/email/verify", body{"token": server.Mail(t, "ada@example.com", "verify").Token()}).Want(200)
	server.Clock.Advance(time.Minute)
	for _, session := range []string{`{"email":"ada@example.com"}`, `{"user_id":2}`} {
		if got := status(t, server, issued(server, session, 0)); got != 401 {
			t.Errorf("%s: %d", session, got)
		}
	}
}

// An account that a registration has taken over is no longer the imported user's: no import
// changes or suspends it.
func TestImportAfterATakeover(t *testing.T) {
	server := testkit.Start(t, testkit.VerifiesFirst, testkit.Development)
	rows := rowsOf(user{"2", "ada@example.com", "no"})
	server.ImportUsers(t, flask.Source, importer.Options{}, rows...)
	client := server.NewClient(t)
	client.Post("/api/register", body{"name": "Ada", "email": "ada@example.com", "password": "another one"}).Want(202)
	client.Post("/api/email/verify", body{"token": server.Mail(t, "ada@example.com", "verify").Token()}).Want(200)
	rows[1] = strings.Replace(rows[1], "ada@example.com", "eve@example.com", 1)
	if done := server.ImportUsers(t, flask.Source, importer.Options{}, rows...); done.Reasons["another_user"] != 1 {
		t.Errorf("%+v", done)
	}
	gone := server.ImportUsers(t, flask.Source, importer.Options{SuspendGone: true}, rowsOf(user{"3", "bob@example.com", "no"})...)
	if gone.Outcomes["gone"] != 0 {
		t.Errorf("%+v", gone)
	}
	client.Post("/api/login", body{"email": "ada@example.com", "password": "another one"}).Want(200)
}

// The app may give the id of a user who is gone to somebody else, so it names nobody, even
// when an operator ends the suspension.
func TestFlaskCookieOfAGoneUser(t *testing.T) {
	server := withZoe(t)
	ann := rowsOf(user{"3", "ann@example.com", "yes"})
	for range 2 {
		done := server.ImportUsers(t, flask.Source, importer.Options{SuspendGone: true}, ann...)
		if done.Outcomes["gone"] != 1 {
			t.Fatalf("%+v", done)
		}
	}
	const byEmail = `{"email":"Zoe@example.com"}`
	check := func(want map[string]int) {
		t.Helper()
		server.Clock.Advance(2 * time.Second)
		for session, want := range want {
			if got := status(t, server, issued(server, session, 0)); got != want {
				t.Errorf("%s: %d, want %d", session, got, want)
			}
		}
	}
	check(map[string]int{zoe: 401, byEmail: 401, `{"user_id":3}`: 200})
	if _, err := server.Operate(t).Unsuspend(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	check(map[string]int{zoe: 401, byEmail: 200})
}

// Databases may give the id of a deleted user to the next one.
func TestFlaskCookieOfAReusedID(t *testing.T) {
	for what, before := range map[string]func(server *testkit.Server){
		"nothing":                    func(*testkit.Server) {},
		"the old user was here":      func(server *testkit.Server) { server.Login(t, "k4@example.com") },
		"the old user left, here":    func(server *testkit.Server) { _, _ = server.Operate(t).Delete(t.Context(), "8") },
		"the new one cannot come":    nil,
		"the new user's cookie came": func(server *testkit.Server) { status(t, server, issued(server, `{"user_id":8,"x":1}`, time.Hour)) },
	} {
		server := testkit.Start(t, testkit.FromFlask(t))
		importUsers(t, server, flask.Source, user{"8", "k4@example.com", "yes"})
		next := user{"8", "m1@example.com", "yes"}
		if before == nil {
			next.email = "m1@"
		} else {
			before(server)
		}
		server.Clock.Advance(time.Minute)
		importUsers(t, server, flask.Source, next)
		server.Clock.Advance(2 * time.Second)
		for session, want := range map[string]int{
			`{"user_id":8}`: 401, `{"user_id":8,"x":1}`: 401, `{"user_id":8,"email":"m1@example.com"}`: 401, `{"email":"m1@example.com"}`: 401,
		} {
			for _, ago := range []time.Duration{0, time.Hour + time.Minute + 2*time.Second} {
				if got := status(t, server, issued(server, session, ago)); got != want {
					t.Errorf("%s: %s: %d", what, session, got)
				}
			}
		}
		// A new password there leaves none here.
		if signsIn(t, server, "k4@example.com", "simplepass") {
			t.Errorf("%s: the old user signs in", what)
		}
	}
}

// After a deletion here, the id may come again from another app.
func TestFlaskCookieOfADeletedUser(t *testing.T) {
	server := withZoe(t)
	if _, err := server.Operate(t).Delete(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	importUsers(t, server, "b", user{"2", "Zoe@example.com", "yes"})
	server.Clock.Advance(2 * time.Second)
	for _, session := range []string{zoe, `{"email":"Zoe@example.com"}`} {
		if got := status(t, server, issued(server, session, 0)); got != 401 {
			t.Errorf("%s: %d", session, got)
		}
	}
}

// Two apps may have the same ids: a cookie names users of the app that has signed it.
func TestFlaskCookiesOfTwoApps(t *testing.T) {
	server := testkit.Start(t, testkit.FromFlask(t, "[a]", testkit.FlaskKey, "[b]", "the key of app b"))
	importUsers(t, server, "a", user{"3", "a@example.com", "yes"})
	importUsers(t, server, "b", user{"4", "b@example.com", "yes"})
	for session, want := range map[string][2]int{ // base 64
		"eyJ1c2VyX2lkIjozfQ":                 {200, 401}, // {"user_id":3}
		"eyJ1c2VyX2lkIjo0fQ":                 {401, 200},
		"eyJlbWFpbCI6ImFAZXhhbXBsZS5jb20ifQ": {200, 401}, // {"email":"a@example.com"}
		"eyJlbWFpbCI6ImJAZXhhbXBsZS5jb20ifQ": {401, 200},
	} {
		for i, key := range []string{testkit.FlaskKey, "the key of app b"} {
			if got := status(t, server, testkit.SignFlask(key, session, server.Clock.Now())); got != want[i] {
				t.Errorf("%s, key %d: %d, want %d", session, i, got, want[i])
			}
		}
	}
}

// The settings follow those of the app.
func TestFlaskSettings(t *testing.T) {
	server := withZoe(t, func(c *cardea.Config) {
		c.FlaskMaxAge, c.FlaskUserKeys, c.FlaskCookieName, c.CookieName = time.Hour, "uid", "myapp", "accounts"
	})
	for session, want := range map[string]int{`{"uid":2}`: 200, `{"uid":2,"email":"reset@example.com"}`: 200, `{"email":"Zoe@example.com"}`: 401, zoe: 401} {
		for name, isRead := range map[string]bool{"myapp": true, "session": false, "accounts": true} {
			client := server.NewClient(t)
			client.Undocumented = true // the contract knows the default names
			client.Header.Set("Cookie", name+"="+issued(server, session, time.Hour-time.Second))
			if got := client.Get("/api/user").Status; got != want && isRead || got != 401 && !isRead {
				t.Errorf("%s in %s: %d", session, name, got)
			}
		}
	}
	client := server.NewClient(t)
	client.Header.Set("Cookie", "myapp="+issued(server, `{"uid":2}`, time.Hour+time.Second))
	if got := client.Get("/api/user").Status; got != 401 {
		t.Errorf("older than an hour: %d", got)
	}
	for setting, wrong := range map[string]cardea.Config{
		"flask-max-age": {FlaskMaxAge: 745 * time.Hour}, "flask-user-keys": {FlaskUserKeys: "a,,b"}, "flask-cookie-name": {FlaskCookieName: "a b"},
	} {
		if e, ok := errors.AsType[*cardea.SettingError](wrong.Validate()); !ok || e.Setting != setting {
			t.Errorf("%s: %v", setting, e)
		}
	}
}
