package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// addAnn adds a user with the command, with the password "simplepass", and returns the id.
func addAnn(t *testing.T, data string) (id string) {
	t.Helper()
	added := runOn(t, data, "simplepass\nnot this", "user", "add", "--json", "--name", " Ann ", "--email", "Ann@Example.com")
	return decode[testkit.User](t, added.wantDone()).ID
}

// wantSignedOut waits until a session has ended. A server shows what a command did within
// a second; the bound leaves room for a busy machine.
func wantSignedOut(t *testing.T, c *testkit.Client) {
	t.Helper()
	begun := time.Now()
	eventually(t, "the session has ended", func() bool { return c.Get("/api/user").Status == http.StatusUnauthorized })
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("the session ended only after %v", took)
	}
}

// shownUser is what user show --json prints.
type shownUser struct {
	testkit.User
	Path      string  `json:"profile_pic_path"`
	Suspended *string `json:"suspended_at"`
	Sessions  []testkit.Session
}

func show(t *testing.T, data, who string, flags ...string) shownUser {
	t.Helper()
	return decode[shownUser](t, runOn(t, data, "", append([]string{"user", "show", who, "--json"}, flags...)...).wantDone())
}

// A running server shows within a second what commands do.
func TestUserCommandsBesideAServer(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, cheap[:2]) // with throttling

	id := addAnn(t, data)
	ann := s.client()
	ann.Login("ann@example.com")
	ann.Upload("face.png", testkit.PNG(20, 20)).Want(http.StatusOK)
	runOn(t, data, "", "user", "show", "ANN@example.COM").wantDone(id, "Ann", "/uploads/"+id+"_face.png", "image/png", "127.0.0.1")
	runOn(t, data, "", "user", "show", id, "--audit").wantDone("picture_changed", "registered")
	runOn(t, data, "", "user", "show", id, "--audit", "--json").wantDone(`"event":"picture_changed"`)
	if u := show(t, data, id); u.Email != "Ann@Example.com" || u.Path != "/uploads/"+id+"_face.png" || len(u.Sessions) != 1 {
		t.Errorf("%+v", u)
	}

	for range 10 { // until the account is throttled
		s.client().Guess("ann@example.com").Want(http.StatusUnauthorized)
	}
	runOn(t, data, "another password", "user", "set-password", "ann@example.com").wantDone("1 session ended")
	wantSignedOut(t, ann)
	s.client().Post("/api/login", testkit.Credentials("ann@example.com", "simplepass")).Want(http.StatusUnauthorized)
	ann.Post("/api/login", testkit.Credentials("ann@example.com", "another password")).Want(http.StatusOK)
	runOn(t, data, "", "user", "end-sessions", id, "--json").wantDone(`"ended_sessions":1`, id)
	wantSignedOut(t, ann)

	ann.Post("/api/login", testkit.Credentials("ann@example.com", "another password")).Want(http.StatusOK)
	runOn(t, data, "", "user", "delete", " ann@EXAMPLE.com", "--yes").wantDone("Deleted Ann@Example.com")
	runOn(t, data, "", "user", "show", id, "--audit").wantDone("The user "+id+" was deleted", "user_deleted", "operator")
	wantSignedOut(t, ann)
	ann.Get("/uploads/" + id + "_face.png").Want(http.StatusNotFound)
	s.client().Post("/api/login", testkit.Credentials("ann@example.com", "another password")).Want(http.StatusUnauthorized)
	if left := filesIn(t, filepath.Join(data, "pictures")); len(left) != 0 {
		t.Errorf("left in the storage: %v", left)
	}
	runOn(t, data, "", "check").wantDone("All is well: 0 users")
	s.stop()
}

func TestRenameUser(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, cheap)
	id := addAnn(t, data)
	ann := s.client()
	ann.Login("ann@example.com")

	runOn(t, data, "", "user", "rename", "ann@example.com", "--name", "  Ann Lee ").wantDone("Ann@Example.com is now called Ann Lee.")
	eventually(t, "the new name", func() bool { return ann.User().Name == "Ann Lee" })
	runOn(t, data, "", "user", "rename", id, "--name", "Zoë", "--json").wantDone(`"name":"Zoë"`)
	runOn(t, data, "", "user", "show", id, "--audit").wantDone("renamed")

	runOn(t, data, "", "user", "rename", id).wantEnd(exitUsage, "needs --name")
	runOn(t, data, "", "user", "rename", id, "--name", "   ").wantEnd(exitFailed, "name: Enter a name.")
	runOn(t, data, "", "user", "rename", "bob@example.com", "--name", "Bob").wantEnd(exitFailed, `no user with the e-mail address or id "bob@example.com"`)
}

// With a new address the user signs in, and the old one is free. Sessions continue.
func TestSetEmail(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, cheap)
	id := addAnn(t, data)
	runOn(t, data, "simplepass", "user", "add", "--name", "Bob", "--email", "bob@example.com").wantDone()
	ann := s.client()
	ann.Login("ann@example.com")

	runOn(t, data, "", "user", "set-email", "ann@example.com", "--email", " Ann.Lee@Example.com").
		wantDone("Ann (" + id + ") now has the address Ann.Lee@Example.com.")
	eventually(t, "the new address", func() bool { return ann.User().Email == "Ann.Lee@Example.com" })
	s.client().Post("/api/login", testkit.Credentials("ann@example.com", "simplepass")).Want(http.StatusUnauthorized)
	s.client().Login("ann.lee@example.com")
	runOn(t, data, "", "user", "set-email", id, "--email", "ann.lee@EXAMPLE.com", "--json").wantDone(`"email":"ann.lee@EXAMPLE.com","email_verified":false`)
	runOn(t, data, "", "user", "show", id, "--audit").wantDone("email_changed")
	s.client().Register("ann@example.com")

	runOn(t, data, "", "user", "set-email", id, "--email", "BOB@example.com").wantEnd(exitFailed, "has this e-mail address")
	runOn(t, data, "", "user", "set-email", id, "--email", "ann").wantEnd(exitFailed, "email: ", "name@example.com")
	runOn(t, data, "", "user", "set-email", id).wantEnd(exitUsage, "needs --email")
	runOn(t, data, "", "user", "set-email", "zoe@example.com", "--email", "z@example.com").wantEnd(exitFailed, `no user with the e-mail address or id "zoe@example.com"`)
}

// A suspended user is signed out and cannot sign in. Only the right password gets to know
// why.
func TestSuspend(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, cheap)
	id := addAnn(t, data)
	ann, other := s.client(), s.client()
	ann.Login("ann@example.com")
	other.Login("ann@example.com")

	runOn(t, data, "", "user", "suspend", "ann@example.com").wantDone("Ann@Example.com is suspended; 2 sessions ended.")
	wantSignedOut(t, ann)
	wantSignedOut(t, other)
	ann.Guess("ann@example.com").WantError(http.StatusUnauthorized, "invalid_credentials")
	ann.Post("/api/login", testkit.Credentials("ann@example.com", "simplepass")).WantError(http.StatusForbidden, "suspended")
	ann.Get("/api/user").Want(http.StatusUnauthorized)
	ann.Register("new@example.com") // only the account is suspended

	runOn(t, data, "", "user", "show", id, "--audit").wantDone("suspended  ", "login_suspended", "login_failed")
	runOn(t, data, "", "user", "list").wantDone("SUSPENDED", "yes")
	if u := show(t, data, id); u.Suspended == nil || len(u.Sessions) > 0 {
		t.Errorf("%+v", u)
	}
	runOn(t, data, "another password", "user", "set-password", id).wantDone("0 sessions ended")
	ann.Post("/api/login", testkit.Credentials("ann@example.com", "another password")).WantError(http.StatusForbidden, "suspended")
	runOn(t, data, "", "user", "suspend", id, "--json").wantDone(`"ended_sessions":0`, id) // once more does no harm

	runOn(t, data, "", "user", "unsuspend", id).wantDone("Ann@Example.com can sign in again.")
	ann.Post("/api/login", testkit.Credentials("ann@example.com", "another password")).Want(http.StatusOK)
	if u := show(t, data, id); u.Suspended != nil {
		t.Errorf("%+v", u)
	}
	for _, act := range []string{"suspend", "unsuspend"} {
		runOn(t, data, "", "user", act, "bob").wantEnd(exitFailed, `no user with the e-mail address or id "bob"`)
	}
}

func TestEndAllSessions(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, cheap)
	ann, bob := s.client(), s.client()
	ann.Register("ann@example.com")
	bob.Register("bob@example.com")

	all := []string{"user", "end-sessions", "--all"}
	runOn(t, data, "", all...).wantEnd(exitUsage, "use --yes")
	runOn(t, data, "", append(all, "ann@example.com")...).wantEnd(exitUsage, "either one WHO or --all")
	runOn(t, data, "", "user", "end-sessions").wantEnd(exitUsage, "either one WHO or --all")
	ann.Get("/api/user").Want(http.StatusOK)

	runOn(t, data, "", append(all, "--yes")...).wantDone("2 sessions ended.")
	wantSignedOut(t, ann)
	wantSignedOut(t, bob)
	runOn(t, data, "", append(all, "--yes", "--json")...).wantDone(`{"ended_sessions":0}`)
	ann.Login("ann@example.com")
}

// Commands print the same addresses and times as the API if they know the same settings.
func TestUsersAsTheAPIShowsThem(t *testing.T) {
	t.Setenv("TZ", "America/New_York") // times are UTC all the same
	address := freeAddress(t)
	for _, settings := range [][]string{
		{"--listen", address},
		{"--listen", address, "--public-url", "https://accounts.example.com/", "--session-idle", "3h", "--session-max", "5h"},
	} {
		data := t.TempDir()
		s := serve(t, data, cheap, settings...)
		ann := s.client()
		ann.Register("ann@example.com")
		addresses := settings[:min(4, len(settings))] // the settings that user list takes
		for _, picture := range []string{"", "face.png"} {
			if picture != "" {
				ann.Upload(picture, testkit.PNG(20, 20)).Want(http.StatusOK)
			}
			want, sessions := ann.User(), ann.Get("/api/sessions").Envelope().Sessions
			shown := show(t, data, want.ID, settings...)
			list := func(args ...string) testkit.User {
				return decode[testkit.User](t, runOn(t, data, "", slices.Concat([]string{"user"}, args, addresses, []string{"--json"})...).wantDone())
			}
			for what, got := range map[string]string{
				"show":   shown.Avatar,
				"list":   list("list").Avatar,
				"rename": list("rename", want.ID, "--name", want.Name).Avatar,
			} {
				if got != want.Avatar {
					t.Errorf("user %s: avatar_url is %s, but the API has %s", what, got, want.Avatar)
				}
			}
			if got := shown.Sessions[0]; got.ExpiresAt != sessions[0].ExpiresAt || got.CreatedAt != sessions[0].CreatedAt || got.LastSeenAt != sessions[0].LastSeenAt {
				t.Errorf("the session is %+v, but the API has %+v", got, sessions[0])
			}
			if shown.CreatedAt != want.CreatedAt {
				t.Errorf("created at %s, but the API has %s", shown.CreatedAt, want.CreatedAt)
			}
		}
		s.stop()
	}
}
