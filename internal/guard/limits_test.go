package guard_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

func client(ip string) guard.Client { return guard.Client{IP: netip.MustParseAddr(ip)} }

// fail makes an attempt that fails, and returns how long to wait if it is refused.
func fail(t *testing.T, h *house.House, counters guard.Counters) (wait time.Duration) {
	t.Helper()
	attempt, err := h.Limits.Admit(t.Context(), counters, "", guard.Client{})
	if e, ok := errors.AsType[*guard.Error](err); ok && e.Code == "too_many_attempts" {
		return e.RetryAfter
	}
	if err != nil {
		t.Fatal(err)
	}
	defer attempt.End()
	if err := h.DB.Tx(t.Context(), func(tx *store.Tx) error { return attempt.Count(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	return 0
}

// admitted counts attempts that fail until one is refused, and returns how long to wait then.
func admitted(t *testing.T, h *house.House, counters guard.Counters) (n int, wait time.Duration) {
	t.Helper()
	for ; n < 1000; n++ {
		if wait := fail(t, h, counters); wait > 0 {
			return n, wait
		}
	}
	t.Fatal("nothing is refused")
	return 0, 0
}

// Each limit is the one of the settings.
func TestLimitsFollowTheSettings(t *testing.T) {
	rules := guard.Rules{
		Account:  guard.Limit{Count: 3, Window: 5 * time.Minute},
		Register: guard.Limit{Count: 2, Window: 3 * time.Hour},
	}
	h := house.New(t, house.Options{Throttled: true, Rules: rules})
	const longest = 15 * time.Minute
	for what, c := range map[string]struct {
		counters guard.Counters
		count    int
		wait     time.Duration
	}{
		"account and network": {h.Limits.ForLogin("ada@example.com", client("192.0.2.1"), ""), 3, 5 * time.Minute},
		"device":              {h.Limits.ForLogin("ada@example.com", client("192.0.2.1"), "a device"), 3, 5 * time.Minute},
		"password":            {h.Limits.ForPassword("ada", client("192.0.2.1")), 3, 5 * time.Minute},
		"registration":        {h.Limits.ForRegistration(client("192.0.2.1")), 2, longest}, // the answer promises no more
	} {
		if n, wait := admitted(t, h, c.counters); n != c.count || wait != c.wait {
			t.Errorf("%s: %d attempts, then wait %v; want %d and %v", what, n, wait, c.count, c.wait)
		}
	}
}

// The limit of an IPv6 network of 64 bits is that of an IPv4 address. Networks of 56 and
// 48 bits have twice and four times as much, from however many addresses.
func TestLimitsRiseWithTheNetwork(t *testing.T) {
	for _, c := range []struct {
		what    string
		address string // % stands for the number of the attempt
		want    int    // attempts at one account
		all     int    // attempts at many accounts
	}{
		{"an IPv4 address", "192.0.2.1", 10, 100},
		{"a /64", "2001:db8:1:101::%", 10, 100},
		{"a /56", "2001:db8:1:1%::1", 20, 200},
		{"a /48", "2001:db8:1:%00::1", 40, 400},
		{"6to4 of one IPv4 address", "2002:c000:201:%::1", 10, 100},
		{"Teredo of one IPv4 address", "2001:0:4136:e378:%:63bf:3fff:fdfe", 10, 100},
	} {
		h := house.New(t, house.Options{Throttled: true})
		count := func(email func(int) string) (n int) {
			for n < 1000 && fail(t, h, h.Limits.ForLogin(email(n), client(strings.ReplaceAll(c.address, "%", fmt.Sprintf("%02x", n%0xff))), "")) == 0 {
				n++
			}
			return n
		}
		if n := count(func(int) string { return "ada@example.com" }); n != c.want {
			t.Errorf("%s: %d attempts at one account, want %d", c.what, n, c.want)
		}
		if n := count(func(i int) string { return fmt.Sprintf("%d@example.com", i) }); n != c.all-c.want {
			t.Errorf("%s: %d attempts at many accounts, want %d", c.what, n, c.all-c.want)
		}
	}
}

// When an account has reached its limit from everywhere, a network that has not failed
// has one attempt, and another one when that is older than the window.
func TestReserve(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	from := func(format string, i int) guard.Counters {
		return h.Limits.ForLogin("ada@example.com", client(fmt.Sprintf(format, i)), "")
	}
	for i := range 10 {
		if n, _ := admitted(t, h, from("198.51.100.%d", i)); n != 10 {
			t.Errorf("network %d has %d attempts", i, n)
		}
	}
	wide := 0
	for i := range 100 {
		if fail(t, h, from("2001:db8:1:%x00::1", i)) == 0 {
			wide++
		}
	}
	if wide != 4 {
		t.Errorf("over the limit, a /48 has %d attempts", wide)
	}
	for range 3 {
		if n, wait := admitted(t, h, from("192.0.2.%d", 1)); n != 1 || wait != 10*time.Minute {
			t.Errorf("over the limit, a network has %d attempts and waits %v", n, wait)
		}
		h.Clock.Advance(10*time.Minute - time.Second)
		if wait := fail(t, h, from("192.0.2.%d", 1)); wait != time.Second {
			t.Errorf("a second before the window has passed, the wait is %v", wait)
		}
		h.Clock.Advance(time.Second)
		for i := range 100 { // strangers keep the account at its limit
			fail(t, h, from("203.0.113.%d", i))
		}
	}
}

// A window of more than an hour is kept whole, through sweeps, too.
func TestLongWindow(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{Register: guard.Limit{Count: 1, Window: 3 * time.Hour}}})
	counters := h.Limits.ForRegistration(client("192.0.2.1"))
	if n, _ := admitted(t, h, counters); n != 1 {
		t.Fatalf("%d attempts", n)
	}
	for minutes := 59; minutes < 180; minutes += 60 {
		h.Clock.Set(house.Start.Add(time.Duration(minutes) * time.Minute))
		if err := h.Limits.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, _ := admitted(t, h, counters); n != 0 {
			t.Errorf("after %d minutes there are new attempts", minutes)
		}
	}
	h.Clock.Set(house.Start.Add(3 * time.Hour))
	if n, _ := admitted(t, h, counters); n != 1 {
		t.Errorf("after the window, %d attempts", n)
	}
}

// A long window of one limit does not make another one stricter.
func TestLimitsAreIndependent(t *testing.T) {
	for _, window := range []time.Duration{time.Hour, 24 * time.Hour} {
		h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{
			Account: guard.Limit{Count: 3, Window: 10 * time.Minute}, Register: guard.Limit{Count: 100, Window: window},
		}})
		counters := h.Limits.ForPassword("ada", client("192.0.2.1"))
		for range 6 { // one every 40 minutes, and then another one: three in an hour
			h.Clock.Advance(40 * time.Minute)
			fail(t, h, counters)
		}
		if wait := fail(t, h, counters); wait > 0 {
			t.Errorf("registrations within %v: wait %v", window, wait)
		}
	}
}

// The right password clears the attempts at the account from this network. It does not
// clear those of other networks, nor those of this network at other accounts.
func TestSuccessClearsTheAccount(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{
		Account: guard.Limit{Count: 3, Window: time.Hour}, Address: guard.Limit{Count: 5, Window: time.Hour},
	}})
	counters := h.Limits.ForLogin("ada@example.com", client("192.0.2.1"), "")
	elsewhere := h.Limits.ForLogin("ada@example.com", client("192.0.2.2"), "")
	for range 2 {
		fail(t, h, counters)
		fail(t, h, elsewhere)
	}
	attempt, err := h.Limits.Admit(t.Context(), counters, "", guard.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.DB.Tx(t.Context(), func(tx *store.Tx) error { return attempt.Succeed(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	attempt.End()
	if n, _ := admitted(t, h, counters); n != 3 {
		t.Errorf("the account has %d attempts, want 3", n)
	}
	if n, _ := admitted(t, h, h.Limits.ForLogin("bob@example.com", client("192.0.2.1"), "")); n != 0 {
		t.Errorf("the network has %d attempts, want none", n)
	}
	if n, _ := admitted(t, h, elsewhere); n != 1 {
		t.Errorf("another network has %d attempts, want 1", n)
	}
}

// Attempts count while their passwords are being verified. Those that fail for no fault
// of the user do not count after that, and write nothing.
func TestPendingAttempts(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	counters := h.Limits.ForPassword("ada", client("192.0.2.1"))
	for range 3 {
		var pending []*guard.Attempt
		for range 10 {
			attempt, err := h.Limits.Admit(t.Context(), counters, "", guard.Client{})
			if err != nil {
				t.Fatal(err)
			}
			pending = append(pending, attempt)
		}
		if n, _ := admitted(t, h, counters); n != 0 {
			t.Errorf("beside 10 pending attempts there are %d", n)
		}
		for _, attempt := range pending {
			attempt.End()
		}
	}
	if n, _ := admitted(t, h, counters); n != 10 {
		t.Errorf("afterwards there are %d attempts", n)
	}
}

// Attempts dated in the future, because the clock was set back, count as made now. They
// give no new attempts and lock out no user for longer than others do.
func TestFutureAttempts(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	counters := h.Limits.ForPassword("ada", client("192.0.2.1"))
	h.Clock.Advance(24 * time.Hour)
	admitted(t, h, counters)
	h.Clock.Set(house.Start)
	if wait := fail(t, h, counters); wait != 10*time.Minute {
		t.Errorf("the wait is %v", wait)
	}
	h.Clock.Advance(10 * time.Minute)
	if wait := fail(t, h, counters); wait > 0 {
		t.Errorf("then the wait is %v", wait)
	}
}

// A limit that was reached is an event once a minute, however many attempts follow.
func TestThrottlingIsRecordedOnceAMinute(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{Account: guard.Limit{Count: 1, Window: time.Hour}}})
	counters := h.Limits.ForPassword("ada", client("192.0.2.1"))
	for _, want := range []int64{1, 1, 2} { // at 0, 40 and 80 seconds
		for range 10 {
			admitted(t, h, counters)
		}
		if got := h.Audit.Counts()[guard.EventLoginThrottled]; got != want {
			t.Errorf("%d events, want %d", got, want)
		}
		h.Clock.Advance(40 * time.Second)
	}
}

// If attempts cannot be counted, nobody gets one. It is our failure, not a refusal.
func TestAttemptThatCannotBeCounted(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	if err := h.DB.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := h.Limits.Admit(t.Context(), h.Limits.ForPassword("ada", guard.Client{}), "", guard.Client{})
	if e, ok := errors.AsType[*guard.Error](err); !ok || e.Kind != guard.KindInternal || strings.Contains(e.Message, "sql") {
		t.Errorf("%v", err)
	}
}
