package account_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// While strangers from everywhere guess at an account, its owner's own device, other
// accounts and other addresses do not wait for all of them.
func TestGuessingMakesNoOtherUserWait(t *testing.T) {
	slow := password.Params{Memory: 4096, Time: 10} // takes much longer than what follows it
	h := house.New(t, house.Options{Throttled: true, Hash: slow})
	hashing := h.Passwords.Hashing()
	client := func(ip string) guard.Client { return guard.Client{IP: netip.MustParseAddr(ip)} }
	ada := account.Registration{Name: "Ada", Email: "ada@example.com", Password: house.Password}
	_, signIn, err := h.Accounts.Register(t.Context(), ada, client("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	house.Hold(t, hashing, hashing.Load().Slots-1, 1) // one worker is left, so jobs end in the order of the queue
	release := house.Hold(t, hashing, 1, 1)
	order := make(chan string, 100)
	come := func(what, email string, from guard.Client) {
		waiting := hashing.Load().Waiting
		go func() { _, _ = h.Accounts.Login(t.Context(), email, "wrongpass", from); order <- what }()
		house.AwaitWaiting(t, hashing, waiting+1)
	}
	const strangers = 8
	for i := range strangers {
		come("stranger", "ada@example.com", client(fmt.Sprintf("198.51.100.%d", i)))
	}
	own := client("192.0.2.1")
	own.Devices = []guard.Device{signIn.Device}
	come("own device", "ada@example.com", own)
	come("another account", "bob@example.com", client("203.0.113.1"))
	release()
	var ended []string
	for range strangers + 2 {
		ended = append(ended, <-order)
	}
	for _, what := range []string{"own device", "another account"} {
		if place := slices.Index(ended, what); place > 3 { // after the first stranger
			t.Errorf("%s was number %d: %v", what, place+1, ended)
		}
	}
}

// If the queue for hashing is full, users are told to come back. A password that was not
// verified is not called wrong, and does not count as an attempt.
func TestBusyHashing(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{Account: guard.Limit{Count: 1, Window: time.Hour}}})
	h.Register(t, "ada@example.com")
	hashing := h.Passwords.Hashing()
	slots := hashing.Load().Slots
	release := house.Hold(t, hashing, slots, 1)
	full := 128 * slots
	flows := guard.Flows(guard.Client{}, "stranger", "ada@example.com") // the queue would make room for another account
	for range full {
		go func() { _ = hashing.Do(t.Context(), workers.Job{Flows: flows}, func() {}) }()
	}
	house.AwaitWaiting(t, hashing, full)
	_, err := h.Accounts.Login(t.Context(), "ada@example.com", house.Password, guard.Client{})
	if e, ok := errors.AsType[*guard.Error](err); !ok || e.Kind != guard.KindUnavailable || e.Code != "busy" || e.RetryAfter <= 0 {
		t.Errorf("error %#v", err)
	}
	release()
	house.AwaitWaiting(t, hashing, 0)
	if _, err := h.Accounts.Login(t.Context(), "ada@example.com", house.Password, guard.Client{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Nothing is hashed for a client that has given up.
func TestGoneClientIsNotHashedFor(t *testing.T) {
	h := house.New(t, house.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Accounts.Login(ctx, "ada@example.com", house.Password, guard.Client{})
	if e, ok := errors.AsType[*guard.Error](err); !ok || e.Kind != guard.KindUnavailable {
		t.Errorf("error %v", err)
	}
}
