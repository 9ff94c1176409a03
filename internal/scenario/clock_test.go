package scenario

import (
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The machine's clock is set by an hour or a day, forth or back, and later right again.
func TestClockSteps(t *testing.T) {
	for _, step := range []time.Duration{time.Hour, 24 * time.Hour, -time.Hour, -24 * time.Hour} {
		t.Run(step.String(), func(t *testing.T) {
			server := testkit.Start(t, func(c *cardea.Config) {
				c.RateLimit, c.SessionIdle, c.SessionMax = "on", 48*time.Hour, 96*time.Hour
			})
			live, ended, expired := server.Register(t, "ada@example.com"), server.NewClient(t), server.NewClient(t)
			expired.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
			server.Clock.Advance(47 * time.Hour)
			live.Get("/api/user").Want(200)
			server.Clock.Advance(time.Hour)
			expired.Get("/api/user").Want(401)
			ended.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
			dead := ended.Cookie
			ended.Post("/api/logout", nil).Want(200)
			ended.Cookie = dead
			bob := server.Register(t, "bob@example.com")
			for range 10 {
				server.NewClient(t).Post("/api/login", testkit.Credentials("bob@example.com", "wrong pass")).Want(401)
			}
			server.NewClient(t).Post("/api/login", testkit.Credentials("bob@example.com", "simplepass")).WantError(429, "too_many_tries")

			for _, d := range []time.Duration{step, -step} {
				server.Clock.Advance(d)
				live.Get("/api/user").Want(200) // seen an hour before
				bob.Get("/api/user").Want(200)
				ended.Get("/api/user").Want(401)
				expired.Get("/api/user").Want(401)
				// Whoever waits as long as the server says is let in.
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
				fresh := server.NewClient(t)
				fresh.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
				fresh.Get("/api/user").Want(200)
			}
		})
	}
}
