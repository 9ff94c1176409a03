package scenario

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Ten wrong passwords in ten minutes for one account, in whatever spelling, by
// whichever route and from wherever; then the right one is not looked at either.
func TestGuessingAtOneAccount(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	owner := server.From(t, "192.0.2.1")
	owner.Post("/api/register", testkit.Registration("Ada", "rénée@example.com", "simplepass")).Want(http.StatusCreated)
	spellings := []string{"rénée@example.com", "RÉNÉE@example.com", " re\u0301ne\u0301e@EXAMPLE.com", "Rénée@Example.COM "}
	routes := []string{"/api/login", "/login"}
	for i := range 10 {
		stranger := server.From(t, fmt.Sprintf("198.51.100.%d", i))
		stranger.Post(routes[i%2], testkit.Credentials(spellings[i%4], "wrongpass")).WantError(401, "invalid_credentials")
	}
	stranger := server.From(t, "203.0.113.9")
	for _, route := range routes {
		for _, email := range spellings {
			stranger.Post(route, testkit.Credentials(email, "simplepass")).WantThrottled()
		}
	}
	// Other accounts, and the owner who is signed in, do not notice.
	stranger.Post("/api/login", testkit.Credentials("other@example.com", "wrongpass")).Want(401)
	owner.Get("/api/user").Want(200)
	owner.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200)
}

// An address nobody has is throttled just as one that somebody has: there is
// nothing to learn from it.
func TestGuessingAtNoAccount(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	for range 10 {
		client.Post("/api/login", testkit.Credentials("nobody@example.com", "wrongpass")).Want(401)
	}
	client.Post("/api/login", testkit.Credentials("nobody@example.com", "wrongpass")).WantThrottled()
}

// The wait grows while guessing goes on, to fifteen minutes at most, and ends.
func TestTheWaitGrows(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.From(t, "192.0.2.1").Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	stranger := server.From(t, "198.51.100.1")
	guess := func() *testkit.Answer {
		return stranger.Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass"))
	}
	for range 10 {
		guess().Want(401)
	}
	wait := guess().WantThrottled()
	if wait != 10*time.Minute {
		t.Errorf("the first wait is %v", wait)
	}
	server.Clock.Advance(wait - time.Second)
	guess().WantThrottled() // tries that are refused do not make it longer
	server.Clock.Advance(time.Second)
	var waits []time.Duration
	for range 4 {
		guess().Want(401)
		wait = guess().WantThrottled()
		waits = append(waits, wait)
		server.Clock.Advance(wait)
	}
	if fmt.Sprint(waits) != "[2m0s 4m0s 8m0s 15m0s]" {
		t.Errorf("waits %v", waits)
	}
	stranger.Login("ada@example.com")
	guess().Want(401) // a right password has cleared the account's tries
}

// A hundred wrong passwords in ten minutes from one address, at whichever
// accounts. An IPv6 network of 64 bits is one address, however it is written.
func TestGuessingFromOneAddress(t *testing.T) {
	for _, c := range []struct{ one, same, other string }{
		{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"},
		{"2001:db8::1", "2001:0DB8:0:0:ffff::2", "2001:db8:0:1::1"},
	} {
		server := testkit.Start(t, testkit.Throttled)
		client := server.From(t, c.one)
		for i := range 100 {
			client.Post("/api/login", testkit.Credentials(fmt.Sprintf("nobody%d@example.com", i), "wrongpass")).Want(401)
		}
		client.Post("/api/login", testkit.Credentials("somebody@example.com", "simplepass")).WantThrottled()
		server.From(t, c.same).Post("/login", testkit.Credentials("somebody@example.com", "simplepass")).WantThrottled()
		server.From(t, c.other).Post("/api/login", testkit.Credentials("somebody@example.com", "simplepass")).Want(401)
		server.Clock.Advance(15 * time.Minute)
		client.Post("/api/login", testkit.Credentials("somebody@example.com", "simplepass")).Want(401)
	}
}

// Twenty registrations an hour from one address. Mistakes in the form are free.
func TestManyRegistrations(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	for i := range 20 {
		client.Post("/api/register", testkit.Registration("Ada", "not an address", "simplepass")).Want(400)
		client.Post("/api/register", testkit.Registration("Ada", fmt.Sprintf("ada%d@example.com", i), "simplepass")).Want(201)
	}
	client.Post("/api/register", testkit.Registration("Ada", "ada20@example.com", "simplepass")).WantThrottled()
	server.From(t, "192.0.2.2").Post("/api/register", testkit.Registration("Ada", "ada20@example.com", "simplepass")).Want(201)
	client.Login("ada1@example.com")
	server.Clock.Advance(time.Hour)
	client.Post("/api/register", testkit.Registration("Ada", "ada21@example.com", "simplepass")).Want(201)
}

// Guesses that come all at once are no more than guesses that follow each other.
func TestHundredGuessesAtOnce(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.From(t, "192.0.2.1").Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	var mu sync.Mutex
	statuses := map[int]int{}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			a := server.From(t, fmt.Sprintf("198.51.100.%d", i)).
				Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass"))
			mu.Lock()
			defer mu.Unlock()
			statuses[a.Status]++
		})
	}
	wg.Wait()
	if statuses[401] != 10 || statuses[429] != 90 {
		t.Errorf("statuses %v, want ten times 401", statuses)
	}
}

// An attacker gains nothing by waiting for a restart.
func TestTriesSurviveARestart(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.From(t, "192.0.2.1").Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	for range 10 {
		server.From(t, "198.51.100.1").Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	server.Stop()
	server = testkit.Start(t, testkit.Throttled, testkit.On(server.Data))
	server.From(t, "198.51.100.1").Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
}

// A person who is signed in has ten tries at the current password, apart from
// those of strangers at login.
func TestGuessingAtTheCurrentPassword(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	client.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	for range 10 {
		client.Post("/api/password", testkit.PasswordChange("wrongpass", "another one")).WantError(403, "wrong_password")
	}
	client.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).WantThrottled()
	server.From(t, "192.0.2.2").Login("ada@example.com")
	server.Clock.Advance(15 * time.Minute)
	client.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200)
}

// Signing in with the right password, however often, is no guessing.
func TestManyRightPasswords(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.From(t, "192.0.2.1").Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	client := server.From(t, "198.51.100.1")
	for range 120 {
		client.Login("ada@example.com")
	}
}

func TestThrottlingCanBeOff(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.RateLimit = "off" })
	for range 30 {
		server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
}
