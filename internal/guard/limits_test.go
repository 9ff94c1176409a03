package guard_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

func client(ip string) guard.Client { return guard.Client{IP: netip.MustParseAddr(ip)} }

// admitted counts attempts until one is refused, and returns how long to wait then.
func admitted(t *testing.T, h *house.House, counters []guard.Counter) (n int, wait time.Duration) {
	t.Helper()
	for ; n < 1000; n++ {
		_, err := h.Limits.Admit(t.Context(), counters, "", guard.Client{})
		if e, ok := errors.AsType[*guard.Error](err); ok && e.Code == "too_many_attempts" {
			return n, e.RetryAfter
		}
		if err != nil {
			t.Fatal(err)
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
		counters []guard.Counter
		count    int
		wait     time.Duration
	}{
		"account":      {[]guard.Counter{h.Limits.ForAccount("ada@example.com")}, 3, 5 * time.Minute},
		"address":      {h.Limits.ForLogin("ada@example.com", client("192.0.2.1"), "")[1:], 100, 10 * time.Minute},
		"device":       {h.Limits.ForLogin("ada@example.com", client("192.0.2.1"), "a device"), 3, 5 * time.Minute},
		"password":     {h.Limits.ForPassword("ada"), 3, 5 * time.Minute},
		"registration": {h.Limits.ForRegistration(client("192.0.2.1")), 2, longest}, // the answer promises no more
	} {
		if n, wait := admitted(t, h, c.counters); n != c.count || wait != c.wait {
			t.Errorf("%s: %d attempts, then wait %v; want %d and %v", what, n, wait, c.count, c.wait)
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
		counters := h.Limits.ForPassword("ada")
		for range 6 { // one every 40 minutes, and then another one: three in an hour
			h.Clock.Advance(40 * time.Minute)
			if _, err := h.Limits.Admit(t.Context(), counters, "", guard.Client{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Limits.Admit(t.Context(), counters, "", guard.Client{}); err != nil {
			t.Errorf("registrations within %v: %v", window, err)
		}
	}
}

// The right password clears the account's counter. The address keeps earlier attempts.
func TestSuccessClearsTheAccount(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{
		Account: guard.Limit{Count: 3, Window: time.Hour}, Address: guard.Limit{Count: 5, Window: time.Hour},
	}})
	counters := h.Limits.ForLogin("ada@example.com", client("192.0.2.1"), "")
	var attempt guard.Attempt
	for range 3 { // two that fail, one that succeeds
		var err error
		if attempt, err = h.Limits.Admit(t.Context(), counters, "", guard.Client{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.DB.Tx(t.Context(), func(tx *store.Tx) error { return attempt.Succeed(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	if n, _ := admitted(t, h, counters[:1]); n != 3 {
		t.Errorf("the account has %d attempts, want 3", n)
	}
	if n, _ := admitted(t, h, counters[1:]); n != 3 {
		t.Errorf("the address has %d attempts, want 3", n)
	}
}

// An attempt that failed for no fault of the user does not count.
func TestAttemptIsTakenBack(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	counters := h.Limits.ForPassword("ada")
	for range 50 {
		attempt, err := h.Limits.Admit(t.Context(), counters, "", guard.Client{})
		if err != nil {
			t.Fatal(err)
		}
		h.Limits.TakeBack(t.Context(), attempt)
	}
}

// A limit that was reached is an event once a minute, however many attempts follow.
func TestThrottlingIsRecordedOnceAMinute(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{Account: guard.Limit{Count: 1, Window: time.Hour}}})
	counters := h.Limits.ForPassword("ada")
	for _, want := range []int{1, 1, 2} { // at 0, 40 and 80 seconds
		for range 10 {
			admitted(t, h, counters)
		}
		if events := h.Events(t, ""); len(events) != want || events[0] != guard.EventLoginThrottled {
			t.Errorf("events %v, want %d", events, want)
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
	_, err := h.Limits.Admit(t.Context(), h.Limits.ForPassword("ada"), "", guard.Client{})
	if e, ok := errors.AsType[*guard.Error](err); !ok || e.Kind != guard.KindInternal || strings.Contains(e.Message, "sql") {
		t.Errorf("%v", err)
	}
}
