package account_test

import (
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

var floodFigures = flag.Bool("flood.figures", false, "print what TestFlood measures, and let its floods last longer")

// A flood of 320 logins at a time, with the real cost of a hash, leaves users on other
// networks their turn: at least 95 % are served, with a p95 of at most 2 s.
func TestFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes for seconds")
	}
	everywhere := func(format string) func(int) guard.Client {
		return func(i int) guard.Client { return guard.Client{IP: netip.MustParseAddr(fmt.Sprintf(format, i))} }
	}
	one := func(int) guard.Client { return guard.Client{IP: netip.MustParseAddr("192.0.2.66")} }
	for _, c := range []struct {
		name        string
		email       func(i int) string
		client      func(i int) guard.Client
		keepsDevice bool
	}{
		{"one account and address", func(int) string { return "eve@example.com" }, one, false},
		{"one account and address, each with a device", func(int) string { return "eve@example.com" }, one, true},
		{"one IPv6 /48", func(i int) string { return fmt.Sprintf("nobody%d@example.com", i) }, everywhere("2001:db8:1:%x::1"), false},
		{"one account, one IPv6 /48, each with a device", func(int) string { return "eve@example.com" }, everywhere("2001:db8:1:%x::1"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			many := guard.Limit{Count: 1_000_000, Window: time.Minute} // the queue alone protects
			h := house.New(t, house.Options{
				Throttled: true, Hash: password.Params{Memory: 19456, Time: 2}, Rules: guard.Rules{Account: many, Address: many},
			})
			h.Register(t, "eve@example.com")
			const victims, pause = 38, 50 * time.Millisecond
			for i := range victims {
				h.Register(t, fmt.Sprintf("ada%d@example.com", i))
			}
			stop := make(chan struct{})
			var strangers, users sync.WaitGroup
			for i := range 320 {
				strangers.Go(func() {
					client := c.client(i)
					for {
						select {
						case <-stop:
							return
						default:
						}
						signIn, err := h.Accounts.Login(t.Context(), c.email(i), house.Password, client)
						if err == nil && c.keepsDevice {
							client.Device = signIn.Device
						}
					}
				})
			}
			lead := time.Second
			if *floodFigures || c.keepsDevice { // until each stranger has a device
				lead = 8 * time.Second
			}
			time.Sleep(lead)
			took := make([]time.Duration, victims)
			for i := range victims {
				users.Go(func() {
					begun := time.Now()
					client := guard.Client{IP: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})}
					if _, err := h.Accounts.Login(t.Context(), fmt.Sprintf("ada%d@example.com", i), house.Password, client); err == nil {
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
			served := len(took)
			var p95 time.Duration
			if served > 0 {
				p95 = took[served*95/100]
			}
			if *floodFigures {
				t.Logf("%d of %d victims served, p95 %v", served, victims, p95.Round(time.Millisecond))
			}
			if served*100 < victims*95 || p95 > 2*time.Second {
				t.Errorf("%d of %d victims served, p95 %v", served, victims, p95)
			}
		})
	}
}
