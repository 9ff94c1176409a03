package scenario

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// longestWait is the longest Retry-After.
const longestWait = 15 * time.Minute

// After ten wrong passwords in ten minutes from one network, an account refuses the right
// one from there too. All spellings of its address and all routes count together. Other
// networks, other accounts and the signed-in owner are not affected.
func TestGuessingAtOneAccount(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	owner := server.From(t, "192.0.2.1")
	owner.Register("rénée@example.com")
	spellings := []string{"rénée@example.com", "RÉNÉE@example.com", " re\u0301ne\u0301e@EXAMPLE.com", "Rénée@Example.COM "}
	routes := []string{"/api/login", "/login"}
	stranger := server.From(t, "198.51.100.1")
	for i := range 10 {
		stranger.Post(routes[i%2], testkit.Credentials(spellings[i%4], "wrongpass")).WantError(401, "invalid_credentials")
	}
	for _, route := range routes {
		for _, email := range spellings {
			stranger.Post(route, testkit.Credentials(email, "simplepass")).WantThrottled()
		}
	}
	stranger.Guess("other@example.com").Want(401)
	server.From(t, "203.0.113.9").Login("rénée@example.com")
	owner.Get("/api/user").Want(200)
	owner.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200)
}

// After a hundred wrong passwords from everywhere, a network has one attempt at the
// account in ten minutes.
func TestGuessingFromEverywhere(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.From(t, "192.0.2.1").Register("ada@example.com")
	for i := range 100 {
		server.From(t, fmt.Sprintf("198.51.100.%d", i/10)).Guess("ada@example.com").Want(401)
	}
	stranger := server.From(t, "203.0.113.9")
	stranger.Guess("ada@example.com").Want(401)
	stranger.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
	server.From(t, "203.0.113.10").Login("ada@example.com")
}

// An unknown address is throttled like a known one, so throttling reveals nothing.
func TestGuessingAtNoAccount(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	for range 10 {
		client.Guess("nobody@example.com").Want(401)
	}
	client.Guess("nobody@example.com").WantThrottled()
}

// The wait grows during guessing, to at most fifteen minutes, and ends.
func TestTheWaitGrows(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.From(t, "192.0.2.1").Register("ada@example.com")
	stranger := server.From(t, "198.51.100.1")
	guess := func() *testkit.Answer {
		return stranger.Guess("ada@example.com")
	}
	for range 10 {
		guess().Want(401)
	}
	wait := guess().WantThrottled()
	if wait != 10*time.Minute {
		t.Errorf("the first wait is %v", wait)
	}
	server.Clock.Advance(wait - time.Second)
	guess().WantThrottled() // refused attempts do not make it longer
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
	guess().Want(401) // the right password has cleared the account's attempts
}

// One address has a hundred wrong passwords in ten minutes, for all accounts together. An
// IPv6 /64 network counts as one address, in any notation.
func TestGuessingFromOneAddress(t *testing.T) {
	for _, c := range []struct{ one, same, other string }{
		{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"},
		{"2001:db8::1", "2001:0DB8:0:0:ffff::2", "2001:db8:0:1::1"},
	} {
		server := testkit.Start(t, testkit.Throttled)
		client := server.From(t, c.one)
		for i := range 100 {
			client.Guess(fmt.Sprintf("nobody%d@example.com", i)).Want(401)
		}
		client.Post("/api/login", testkit.Credentials("unknown@example.com", "simplepass")).WantThrottled()
		server.From(t, c.same).Post("/login", testkit.Credentials("unknown@example.com", "simplepass")).WantThrottled()
		server.From(t, c.other).Post("/api/login", testkit.Credentials("unknown@example.com", "simplepass")).Want(401)
		server.Clock.Advance(15 * time.Minute)
		client.Post("/api/login", testkit.Credentials("unknown@example.com", "simplepass")).Want(401)
	}
}

// One address has a hundred registrations an hour. Mistakes in the form do not count, but a
// taken address does, because the refusal reveals it.
func TestManyRegistrations(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	register := func(email string) *testkit.Answer {
		return client.Post("/api/register", testkit.Registration("Ada", email, "simplepass"))
	}
	register("ada@example.com").Want(201)
	for range 99 {
		register("not an address").Want(400)
		register("ada@example.com").WantError(409, "email_taken")
	}
	register("bob@example.com").WantThrottled()
	server.From(t, "192.0.2.2").Register("bob@example.com")
	client.Login("ada@example.com")
	server.Clock.Advance(time.Hour)
	client.Register("cyd@example.com")
}

// The setting limits changes some limits. The others keep their defaults.
func TestLimitsSetting(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled, testkit.Limits("account=3/1m, register=2/2h"))
	client := server.From(t, "192.0.2.1")
	client.Register("ada@example.com")
	client.Register("bob@example.com")
	client.Post("/api/register", testkit.Registration("Cyd", "cyd@example.com", "simplepass")).WantThrottled()
	for range 3 {
		client.Guess("ada@example.com").Want(401)
	}
	if wait := client.Guess("ada@example.com").WantThrottled(); wait != time.Minute {
		t.Errorf("the wait is %v", wait)
	}
	for i := range 97 { // a hundred from one address
		client.Guess(fmt.Sprintf("nobody%d@example.com", i)).Want(401)
	}
	client.Guess("nobody@example.com").WantThrottled()
	server.Clock.Advance(time.Hour)
	client.Post("/api/register", testkit.Registration("Cyd", "cyd@example.com", "simplepass")).WantThrottled()
	client.Login("ada@example.com")
	server.Clock.Advance(time.Hour)
	client.Register("cyd@example.com")
}

// Guesses that arrive at once are limited like guesses that follow each other.
func TestHundredGuessesAtOnce(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.From(t, "192.0.2.1").Register("ada@example.com")
	var mu sync.Mutex
	statuses := map[int]int{}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			a := server.From(t, "198.51.100.1").Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass"))
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

// A restart clears no attempts.
func TestAttemptsSurviveARestart(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.From(t, "192.0.2.1").Register("ada@example.com")
	for range 10 {
		server.From(t, "198.51.100.1").Guess("ada@example.com").Want(401)
	}
	server.Stop()
	server = testkit.Start(t, testkit.Throttled, testkit.On(server.Data))
	server.From(t, "198.51.100.1").Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
}

// A signed-in user has ten attempts at the current password. They count apart from the
// logins of strangers.
func TestGuessingAtTheCurrentPassword(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	client.Register("ada@example.com")
	for range 10 {
		client.Post("/api/password", testkit.PasswordChange("wrongpass", "another one")).WantError(403, "wrong_password")
	}
	client.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).WantThrottled()
	server.From(t, "192.0.2.2").Login("ada@example.com")
	server.Clock.Advance(15 * time.Minute)
	client.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200)
}

// Right passwords are refused only when there are more than 300 in ten minutes, from one
// network at one account.
func TestManyRightPasswords(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.From(t, "192.0.2.1").Register("ada@example.com")
	client := server.From(t, "198.51.100.1")
	for range 300 {
		client.Login("ada@example.com")
	}
	if wait := client.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled(); wait != 10*time.Minute {
		t.Errorf("the wait is %v", wait)
	}
	server.From(t, "198.51.100.2").Login("ada@example.com")
	server.Clock.Advance(10 * time.Minute)
	client.Login("ada@example.com")
}

func TestThrottlingCanBeOff(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.RateLimit = "off" })
	for range 30 {
		server.NewClient(t).Guess("ada@example.com").Want(401)
	}
}

// What workers do for a client counts towards the budget of its network.
func TestWorkCountsTowardsTheBudget(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	used := func() string {
		answer := httptest.NewRecorder()
		server.Metrics().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		_, rest, _ := strings.Cut(answer.Body.String(), "\ncardea_budget_used_ratio ")
		used, _, _ := strings.Cut(rest, "\n")
		return used
	}
	if used() != "0" {
		t.Errorf("at the start %s", used())
	}
	server.Register(t, "ada@example.com").Upload("me.png", testkit.PNG(500, 500)).Want(200)
	if used() == "0" || used() == "" {
		t.Errorf("after a registration and an upload %q", used())
	}
}
