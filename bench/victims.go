package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The flood that users have to sign in beside, and the users.
const (
	attackers     = 400 // connections
	victims       = 60
	victimPause   = 100 * time.Millisecond
	victimTimeout = 10 * time.Second
	// refusedPause is how long a connection of the attacker waits after a refusal. The bench
	// runs beside the server, so without it the bench would take the CPU that it measures.
	refusedPause = 50 * time.Millisecond
)

// attack is a flood of logins.
type attack struct {
	what string
	// lead is how long it lasts before the first user comes: until the queue is full and,
	// with one account, until most connections have a device cookie of it.
	lead time.Duration
	// address is where request n of connection i comes from.
	address func(i, n int) string
	// user is whom it tries to sign in. All use the right password.
	user func(i, n int) int
}

// from is the header of the proxy that the bench plays.
func from(address string) string { return "X-Forwarded-For: " + address }

func (b *bench) attacks() []attack {
	one := func(int, int) string { return "192.0.2.66" }
	wide := func(i, n int) string { return fmt.Sprintf("2001:db8:66:%x::1", (i*1000+n)&0xffff) }
	eve := func(int, int) int { return 0 }
	many := func(i, n int) int { return victims + (i*1000+n)%(hotSet-victims) }
	return []attack{
		{"one account from one address", 12 * time.Second, one, eve},
		{"many accounts from one address", 3 * time.Second, one, many},
		{"many accounts from one IPv6 /48", 3 * time.Second, wide, many},
	}
}

// measureVictims measures how users sign in while one attacker floods the server with
// logins. Each connection of the attacker keeps the device cookie it is given.
func (b *bench) measureVictims(ctx context.Context) error {
	return b.measureAttacks(ctx, b.cardea, "")
}

// measureQueue is measureVictims without limits: the queue alone protects.
func (b *bench) measureQueue(ctx context.Context) error {
	return b.measureAttacks(ctx, b.cardea.unthrottled(), ", without limits")
}

func (b *bench) measureAttacks(ctx context.Context, c cardea, note string) error {
	c.env = append(c.env, "CARDEA_TRUSTED_PROXIES=127.0.0.1/32")
	for _, a := range b.attacks() {
		s, err := b.seeded(ctx, c, hotSet)
		if err != nil {
			return err
		}
		took, logins := besideAttack(ctx, s.address, a)
		s.stop()
		p95 := math.Inf(1)
		if n := len(took); n > 0 {
			slices.Sort(took)
			p95 = took[(n-1)*95/100].Seconds()
		}
		what := "sign-ins during a flood of logins to " + a.what + note
		b.progress("%s: %d of %d served, p95 %s s; the flood signed in %d times", what, len(took), victims, number(p95), logins)
		b.report.budget(what, fmt.Sprintf("%d of %d", len(took), victims), fmt.Sprint(attackers, " connections"),
			float64(len(took))/victims*100, atLeast(95, "%"))
		b.report.budget("… p95", "", "", p95, atMost(2, "s"))
	}
	return nil
}

// besideAttack returns how long the sign-ins of users took that succeeded, and how many
// times the attacker signed in.
func besideAttack(ctx context.Context, address string, a attack) (took []time.Duration, logins int) {
	ctx, stop := context.WithCancel(ctx)
	var flood, users sync.WaitGroup
	var mu sync.Mutex
	for i := range attackers {
		flood.Go(func() {
			n := a.send(ctx, address, i)
			mu.Lock()
			defer mu.Unlock()
			logins += n
		})
	}
	time.Sleep(a.lead)
	for v := range victims {
		users.Go(func() {
			began := time.Now()
			if signIn(ctx, address, 1+v, fmt.Sprintf("198.51.100.%d", v)) {
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(began))
			}
		})
		time.Sleep(victimPause)
	}
	users.Wait()
	stop()
	flood.Wait()
	return took, logins
}

// signIn signs a user in over a new connection, and reports whether it worked in time.
func signIn(ctx context.Context, address string, user int, ip string) bool {
	c, err := dial(ctx, address)
	if err != nil {
		return false
	}
	defer c.close()
	_ = c.conn.SetDeadline(time.Now().Add(victimTimeout))
	_, err = c.do(loginFrom(user, from(ip)))
	return err == nil
}

func loginFrom(user int, header string) []byte {
	return postJSON("/api/login", header, fmt.Sprintf(`{"email":%q,"password":%q}`, email(user), password))
}

// send signs in again and again until ctx ends, and returns how often that worked.
func (a attack) send(ctx context.Context, address string, i int) (worked int) {
	var c *client
	device := ""
	for n := 0; ctx.Err() == nil; n++ {
		if c == nil {
			var err error
			if c, err = dial(ctx, address); err != nil {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			stop := context.AfterFunc(ctx, c.close)
			defer stop()
		}
		header := from(a.address(i, n))
		if device != "" {
			header += "\r\nCookie: " + device
		}
		answer, err := c.send(loginFrom(a.user(i, n), header))
		if err != nil {
			c.close()
			c = nil
			continue
		}
		if answer.StatusCode != http.StatusOK {
			time.Sleep(refusedPause)
			continue
		}
		worked++
		for _, set := range answer.Header["Set-Cookie"] {
			if strings.HasPrefix(set, "session-device=") {
				device, _, _ = strings.Cut(set, ";")
			}
		}
	}
	if c != nil {
		c.close()
	}
	return worked
}
