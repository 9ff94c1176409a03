package account_test

import (
	"flag"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/workers"
)

var flood = flag.Bool("flood", false, "run TestFlood, which needs a machine for itself for half a minute, and print what it measures")

// A flood of 400 logins at a time, with the real cost of a hash, leaves users on other
// networks their turn: at least 95 % are served, with a p95 of at most 2 s. The clock runs
// so fast that the flood reaches no limit. So the queue alone protects.
//
// Of a flood from 1,000 networks, each has had two turns before. Every other victim has
// mistyped the password once.
func TestFlood(t *testing.T) {
	if !*flood {
		t.Skip("measures for half a minute; make check runs it with -flood")
	}
	one := func(int) guard.Client { return from("192.0.2.66") }
	wide := func(i int) guard.Client { return from("2001:db8:1:%x::1", i) }
	eve := func(int) string { return "eve@example.com" }
	nobody := func(i int) string { return fmt.Sprintf("nobody%d@example.com", i) }
	var request atomic.Int64
	many := func(int) guard.Client { return stranger(request.Add(1) % networks) }
	for _, c := range []floodCase{
		{name: "one account and address", email: eve, client: one},
		{name: "one account and address, each with a device", email: eve, client: one, isDevice: true},
		{name: "one account that changes its password", email: eve, client: one, isChange: true},
		{name: "one IPv6 /48", email: nobody, client: wide},
		{name: "one account, one IPv6 /48, each with a device", email: eve, client: wide, isDevice: true},
		{name: "1,000 networks", email: nobody, client: many, turns: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			for attempt := range 3 { // the machine may be busy with something else
				served, p95 := c.measure(t)
				t.Logf("%d of %d victims served, p95 %v", served, victims, p95.Round(time.Millisecond))
				if served*100 >= victims*95 && p95 <= 2*time.Second {
					return
				}
				if attempt == 2 {
					t.Errorf("%d of %d victims served, p95 %v", served, victims, p95)
				}
			}
		})
	}
}

// victims sign in while a flood lasts, one each pause.
const victims, pause = 40, 50 * time.Millisecond

// The flood has so many connections, and networks if it comes from many.
const connections, networks = 400, 1000

// floodCase is a kind of flood.
type floodCase struct {
	name     string
	email    func(i int) string
	client   func(i int) guard.Client
	isDevice bool // every stranger has a device cookie of the account
	isChange bool // they change the password in place of signing in
	turns    int  // how many turns each of the networks had before
}

// measure returns how many victims a flood leaves their turn, and how long most of them wait.
func (c floodCase) measure(t *testing.T) (served int, p95 time.Duration) {
	t.Helper()
	many := guard.Limit{Count: 1_000_000, Window: time.Minute}
	h := house.New(t, house.Options{
		Throttled: true, Hash: password.Params{Memory: 19456, Time: 2}, Rules: guard.Rules{Account: many, Address: many},
	})
	_, tok := h.Register(t, "eve@example.com")
	session, err := h.Sessions.Find(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	row, err := h.DB.UserByEmailKey(t.Context(), "eve@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for i := range victims {
		h.Register(t, ada(i))
		if i%2 == 1 {
			if _, err := h.Accounts.Login(t.Context(), ada(i), "mistyped", victim(i)); err == nil {
				t.Fatal("a wrong password signs in")
			}
		}
	}
	for i := range networks * c.turns {
		job := workers.Job{Weight: 19456 << 10, Flows: guard.Flows(stranger(int64(i%networks)), "stranger", "")}
		if err := h.Passwords.Hashing().Do(t.Context(), job, func() {}); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var strangers, users sync.WaitGroup
	for i := range connections {
		strangers.Go(func() {
			var devices []guard.Device
			if c.isDevice {
				devices = []guard.Device{h.Devices.Remember(row, nil)}
			}
			var err error
			for {
				client := c.client(i)
				client.Devices = devices
				select {
				case <-stop:
					return
				case <-time.After(refusedPause(err)):
				}
				if c.isChange {
					_, err = h.Accounts.ChangePassword(t.Context(), session, "wrongpass", "another password", client)
				} else {
					_, err = h.Accounts.Login(t.Context(), c.email(i), house.Password, client)
				}
			}
		})
	}
	for h.Passwords.Load().Waiting < 100 {
		time.Sleep(time.Millisecond)
	}
	took := make([]time.Duration, victims)
	for i := range victims {
		h.Clock.Advance(time.Hour)
		users.Go(func() {
			begun := time.Now()
			if _, err := h.Accounts.Login(t.Context(), ada(i), house.Password, victim(i)); err == nil {
				took[i] = time.Since(begun)
			}
		})
		time.Sleep(pause)
	}
	users.Wait()
	close(stop)
	h.Passwords.Close() // nobody waits for the rest of the flood
	strangers.Wait()
	took = slices.DeleteFunc(took, func(d time.Duration) bool { return d == 0 })
	slices.Sort(took)
	served = len(took)
	if served > 0 {
		p95 = took[(served-1)*95/100]
	}
	return served, p95
}

func ada(i int) string { return fmt.Sprintf("ada%d@example.com", i) }

func stranger(n int64) guard.Client { return from("10.0.%d.%d", n/256, n%256) }

func victim(i int) guard.Client { return from("198.51.100.%d", i) }

// refusedPause is how long an attacker waits after an attempt. Refusals come at once, and
// without a pause the strangers would take the CPU that is measured.
func refusedPause(err error) time.Duration {
	if err != nil {
		return 50 * time.Millisecond
	}
	return 0
}
