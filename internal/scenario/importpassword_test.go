package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// signsIn reports whether a user can sign in with a password.
func signsIn(t *testing.T, server *testkit.Server, email, password string) bool {
	t.Helper()
	return server.NewClient(t).Post("/api/login", body{"email": email, "password": password}).Status == 200
}

// A password that was made unusable there, as Django does for an account that was broken into,
// is none here either, unless the user has chosen another one here.
func TestImportOfARemovedPassword(t *testing.T) {
	for _, hash := range []string{"", "!", "!uSt0kL", "md5$1$5f4dcc3b"} {
		for _, isChanged := range []bool{false, true} {
			server := withZoe(t)
			client, password := server.Login(t, "zoe@example.com"), "simplepass" // this replaces the hash
			if isChanged {
				password = "a better one of today"
				client.Post("/api/password", body{"current_password": "simplepass", "new_password": password}).Want(200)
			}
			server.Clock.Advance(time.Minute)
			bring := func() importer.Summary {
				return server.ImportUsers(t, flask.Source, importer.Options{}, "id,email,verified,password", "2,Zoe@example.com,yes,"+hash)
			}
			done := bring()
			wantKept := int64(0)
			if isChanged {
				wantKept = 1
			}
			if done.Outcomes["kept"] != wantKept || done.LosePassword != 1-wantKept {
				t.Errorf("%q: %+v", hash, done)
			}
			if got := signsIn(t, server, "zoe@example.com", password); got != isChanged {
				t.Errorf("%q, changed here: %v: signs in: %v", hash, isChanged, got)
			}
			if isChanged {
				continue
			}
			client.Get("/api/user").Want(401)
			if got := status(t, server, issued(server, zoe, time.Minute)); got != 401 {
				t.Errorf("%q: an old cookie: %d", hash, got)
			}
			wantStatus(t, server, "a new cookie", map[string]int{zoe: 200})
			if done := bring(); done.Outcomes["unchanged"] != 1 {
				t.Errorf("%q, again: %+v", hash, done)
			}
			if addZoe(t, server); !signsIn(t, server, "zoe@example.com", password) {
				t.Errorf("%q: a password there does not come", hash)
			}
		}
	}
}

// If address and password are new there, the old password is worth nothing here. If it was
// another app, the first one brings it back.
func TestImportOfANewAddressAndPassword(t *testing.T) {
	for _, isChanged := range []bool{false, true} {
		server := testkit.Start(t, testkit.FromFlask(t))
		first := rowsOf(user{"2", "zoe@example.com", "yes"})
		server.ImportUsers(t, flask.Source, importer.Options{}, first...)
		client, password := server.Login(t, "zoe@example.com"), "simplepass"
		if isChanged {
			password = "a better one of today"
			client.Post("/api/password", body{"current_password": "simplepass", "new_password": password}).Want(200)
		}
		other := rowsOf(user{"2", "eve@example.com", "yes"})
		for range 2 {
			done := server.ImportUsers(t, flask.Source, importer.Options{}, other...)
			if done.Outcomes["rejected"] != 1 || done.Reasons["another_user"] != 1 {
				t.Errorf("%+v", done)
			}
		}
		client.Get("/api/user").Want(401)
		wantStatus(t, server, "another user", map[string]int{zoe: 401, `{"email":"zoe@example.com"}`: 401, `{"email":"eve@example.com"}`: 401})
		for _, email := range []string{"zoe@example.com", "eve@example.com"} {
			if got := signsIn(t, server, email, password); got != (isChanged && strings.HasPrefix(email, "zoe")) {
				t.Errorf("changed here: %v: %s signs in: %v", isChanged, email, got)
			}
		}
		server.ImportUsers(t, flask.Source, importer.Options{}, first...)
		if !signsIn(t, server, "zoe@example.com", password) {
			t.Errorf("changed here: %v: the password does not come back", isChanged)
		}
	}
}

// An address that is none any more does not keep the password that was given up with it.
func TestImportOfABadAddressAndNewPassword(t *testing.T) {
	server := testkit.Start(t, testkit.FromFlask(t))
	rows := rowsOf(user{"2", "zoe@example.com", "yes"})
	bring := func(change ...string) importer.Summary {
		return server.ImportUsers(t, flask.Source, importer.Options{}, rows[0], strings.NewReplacer(change...).Replace(rows[1]))
	}
	bring()
	if done := bring("zoe@example.com", "deleted-2"); done.Reasons["bad_email"] != 1 || done.LosePassword != 0 {
		t.Errorf("the same password: %+v", done)
	}
	client := server.Login(t, "zoe@example.com") // this replaces the hash
	server.Clock.Advance(time.Minute)
	for _, want := range []int64{1, 0} {
		if done := bring("zoe@example.com", "deleted-2", "$argon2id", "!"); done.Reasons["bad_email"] != 1 || done.LosePassword != want {
			t.Errorf("another password: %+v", done)
		}
	}
	client.Get("/api/user").Want(401)
	if signsIn(t, server, "zoe@example.com", "simplepass") {
		t.Error("the password that was given up is good")
	}
	if bring(); !signsIn(t, server, "zoe@example.com", "simplepass") {
		t.Error("the password there does not come")
	}
}
