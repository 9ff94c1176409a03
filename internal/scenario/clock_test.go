package scenario

import (
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The machine's clock jumps by an hour or a day, forward or back, and later returns.
// Live sessions stay alive, ended ones stay ended, and every wait is as announced.
func TestClockSteps(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{time.Hour, 24 * time.Hour, -time.Hour, -24 * time.Hour} {
		t.Run(step.String(), func(t *testing.T) {
			server := testkit.Start(t, func(c *cardea.Config) {
				c.RateLimit, c.SessionIdle, c.SessionMax = "on", 48*time.Hour, 96*time.Hour
			})
			live, ended, expired := server.Register(t, "ada@example.com"), server.NewClient(t), server.NewClient(t)
			expired.Login("ada@example.com")
			server.Clock.Advance(47 * time.Hour)
			live.Get("/api/user").Want(200)
			server.Clock.Advance(time.Hour)
			expired.Get("/api/user").Want(401)
			ended.Login("ada@example.com")
			dead := ended.Cookie
			ended.Post("/api/logout", nil).Want(200)
			ended.Cookie = dead
			bob := server.Register(t, "bob@example.com")
			for range 10 {
				server.NewClient(t).Post("/api/login", testkit.Credentials("bob@example.com", "wrong pass")).Want(401)
			}
			server.NewClient(t).Post("/api/login", testkit.Credentials("bob@example.com", "simplepass")).WantError(429, "too_many_attempts")

			for _, d := range []time.Duration{step, -step} {
				server.Clock.Advance(d)
				live.Get("/api/user").Want(200) // seen an hour before
				bob.Get("/api/user").Want(200)
				ended.Get("/api/user").Want(401)
				expired.Get("/api/user").Want(401)
				// A client that waits as long as Retry-After says can sign in.
				a := server.NewClient(t).Post("/api/login", testkit.Credentials("bob@example.com", "simplepass"))
				if a.Status == 429 {
					wait, err := time.ParseDuration(a.Header.Get("Retry-After") + "s")
					if err != nil || wait > 15*time.Minute {
						t.Fatalf("Retry-After %q, %v", a.Header.Get("Retry-After"), err)
					}
					server.Clock.Advance(wait)
					a = server.NewClient(t).Post("/api/login", testkit.Credentials("bob@example.com", "simplepass"))
					server.Clock.Advance(-wait)
				}
				a.Want(200)
				fresh := server.Login(t, "ada@example.com")
				fresh.Get("/api/user").Want(200)
			}
		})
	}
}

// When the clock is set back, earlier attempts count as made now. So nobody is locked out
// until the clock has caught up, and guessers get no new attempts.
func TestThrottlingWhenTheClockIsSetBack(t *testing.T) {
	for _, step := range []time.Duration{time.Second, 5 * time.Minute, time.Hour, 24 * time.Hour} {
		server := testkit.Start(t, testkit.Throttled)
		server.From(t, "192.0.2.1").Register("ada@example.com")
		stranger := server.From(t, "198.51.100.1")
		guess := func() *testkit.Answer {
			return stranger.Guess("ada@example.com")
		}
		for range 10 {
			guess().Want(401)
		}
		server.Clock.Advance(-step)
		wait := guess().WantThrottled()
		if wait != 10*time.Minute {
			t.Errorf("%v back: the wait is %v, want the wait after attempts made now", step, wait)
		}
		server.Clock.Advance(wait - time.Second)
		guess().WantThrottled()
		server.Clock.Advance(time.Second)
		guess().Want(401) // one more attempt, as usual
		if wait := guess().WantThrottled(); wait != 2*time.Minute {
			t.Errorf("%v back: then the wait is %v", step, wait)
		}
	}
}

// After a clock that was ahead is set right, nobody is locked out.
func TestThrottlingWhenTheClockWasAhead(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	server.Clock.Advance(24 * time.Hour)
	server.From(t, "192.0.2.1").Register("ada@example.com")
	stranger := server.From(t, "198.51.100.1")
	for range 10 {
		stranger.Guess("ada@example.com").Want(401)
	}
	server.Clock.Advance(-24 * time.Hour)
	server.Clock.Advance(stranger.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled())
	stranger.Login("ada@example.com")
}
