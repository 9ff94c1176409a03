package scenario

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// An unknown address and a wrong password get the same answer.
func TestLoginRefusalsLookTheSame(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "known@example.com")
	wrong := server.NewClient(t).Guess("known@example.com")
	for _, c := range []map[string]any{
		testkit.Credentials("unknown@example.com", "simplepass"),
		testkit.Credentials("not an address", "simplepass"),
		testkit.Credentials("", "simplepass"),
		testkit.Credentials("known@example.com", ""),
		testkit.Credentials("known@example.com", strings.Repeat("x", 2000)),
		{"email": nil, "password": nil},
	} {
		answer := server.NewClient(t).Post("/api/login", c).WantError(http.StatusUnauthorized, "invalid_credentials")
		answer.WantBody(string(wrong.Body))
		for _, name := range []string{"Date", "X-Request-Id"} {
			wrong.Header.Del(name)
			answer.Header.Del(name)
		}
		if !maps.EqualFunc(answer.Header, wrong.Header, slices.Equal) {
			t.Errorf("%v: headers %v, for a wrong password %v", c, answer.Header, wrong.Header)
		}
	}
}

// A login without a password costs no hash, and is no attempt at the account.
func TestLoginWithoutAPassword(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.Register(t, "ada@example.com")
	hashes := hashing(t, server, "done_total")
	for _, body := range []map[string]any{{"email": "ada@example.com"}, {"email": "ada@example.com", "password": nil}, testkit.Credentials("ada@example.com", ""), {}} {
		for range 4 {
			server.NewClient(t).Post("/api/login", body).WantError(http.StatusUnauthorized, "invalid_credentials")
		}
	}
	if more := hashing(t, server, "done_total") - hashes; more != 0 {
		t.Errorf("%d hashes", more)
	}
	server.NewClient(t).Login("ada@example.com")
}

func TestLoginIssuesAFreshToken(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	first := client.Cookie

	client.Guess("ada@example.com").Want(http.StatusUnauthorized)
	client.Get("/api/user").Want(http.StatusOK) // a failed attempt ends no session

	client.Login(" ADA@Example.com ")
	if client.Cookie == first {
		t.Error("login kept the token")
	}
	client.Get("/api/user").Want(http.StatusOK)
	client.Cookie = first
	client.Get("/api/user").Want(http.StatusUnauthorized) // login ended the session sent along

	fixed := server.NewClient(t)
	fixed.Cookie = strings.Repeat("A", 26) // a token that an attacker chose
	fixed.Login("ada@example.com")
	if fixed.Cookie == strings.Repeat("A", 26) {
		t.Error("login took the token it was given")
	}
}

func TestLogoutKillsTheToken(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	token := client.Cookie
	answer := client.Post("/api/logout", nil).Want(http.StatusOK)
	answer.WantBody(`{"status":"success","message":"Logged out"}`)
	if answer.Cookie == nil || answer.Cookie.MaxAge >= 0 || answer.Cookie.Value != "" {
		t.Errorf("the cookie was not cleared: %v", answer.Header["Set-Cookie"])
	}
	client.Cookie = token // replayed
	client.Get("/api/user").WantError(http.StatusUnauthorized, "not_logged_in")
	client.Post("/api/logout", nil).Want(http.StatusOK)
	server.NewClient(t).Post("/api/logout", nil).Want(http.StatusOK)
}

// Users who came with the hash of a Flask app sign in with their old password. From then on
// the hash is Cardea's own.
func TestLoginWithAHashFromFlask(t *testing.T) {
	const old = "pbkdf2:sha256:260000$zxjFHHdr$" +
		"f000f32c3fe6561c20745194815fc254e78fb48059b1026c9bcebd07d4d0aef1"
	server := testkit.Start(t)
	server.Register(t, "ada@example.com")
	hash := func() (hash string) {
		inDatabase(t, server, func(tx *store.Tx) error {
			row, err := tx.UserByEmailKey(t.Context(), "ada@example.com")
			hash = row.PasswordHash
			return err
		})
		return hash
	}
	own := hash()
	inDatabase(t, server, func(tx *store.Tx) error {
		row, err := tx.UserByEmailKey(t.Context(), "ada@example.com")
		return errors.Join(err, tx.ReplacePasswordHash(t.Context(), row.ID, own, old))
	})
	for _, step := range []struct {
		password string
		status   int
		isOld    bool
	}{{"simplepass", 401, true}, {"old password", 200, false}, {"old password", 200, false}, {"simplepass", 401, false}} {
		server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", step.password)).Want(step.status)
		if now := hash(); now == own || (now == old) != step.isOld || !step.isOld && !strings.HasPrefix(now, "$argon2id$") {
			t.Errorf("after %+v: hash %s", step, now)
		}
	}
}

// A hash that is weaker than the settings is replaced at the next login.
func TestLoginUpgradesTheHash(t *testing.T) {
	data := t.TempDir()
	with := func(memory, time uint32) func(*cardea.Config) {
		return func(c *cardea.Config) { c.Data, c.Argon2Memory, c.Argon2Time = data, memory, time }
	}
	hashNow := func() string {
		user, err := openDatabase(t, data).UserByEmailKey(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		return user.PasswordHash
	}
	server := testkit.Start(t, with(64, 1))
	server.Register(t, "ada@example.com")
	server.Stop()
	if hash := hashNow(); !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("hash %s", hash)
	}
	for _, step := range []struct {
		memory, time uint32
		password     string
		status       int
		want         string
	}{
		{128, 2, "wrongpass", 401, "$argon2id$v=19$m=64,t=1,p=1$"},
		{128, 2, "simplepass", 200, "$argon2id$v=19$m=128,t=2,p=1$"},
		{128, 1, "simplepass", 200, "$argon2id$v=19$m=128,t=2,p=1$"}, // never weakened
	} {
		server = testkit.Start(t, with(step.memory, step.time))
		server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", step.password)).Want(step.status)
		server.Stop()
		if hash := hashNow(); !strings.HasPrefix(hash, step.want) {
			t.Errorf("after %+v: hash %s", step, hash)
		}
	}
}
