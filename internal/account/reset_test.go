package account_test

import (
	"context"
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// Whoever resets the connection after sending a password leaves the same events as who
// waits for the answer.
func TestWhatWasVerifiedIsRecorded(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Hash: password.Params{Memory: 19456, Time: 6}})
	ada, tok := h.Register(t, "ada@example.com")
	client := guard.Client{Session: tok}
	for _, c := range []struct {
		event guard.Event
		do    func(context.Context) error
	}{
		{guard.EventLoginFailed, func(ctx context.Context) error {
			_, err := h.Accounts.Login(ctx, ada.Email, "wrongpass", guard.Client{})
			return err
		}},
		{guard.EventLogin, func(ctx context.Context) error {
			_, err := h.Accounts.Login(ctx, ada.Email, house.Password, guard.Client{})
			return err
		}},
		{guard.EventPasswordFailed, func(ctx context.Context) error {
			s, err := h.Sessions.Find(t.Context(), tok)
			if err != nil {
				t.Fatal(err)
			}
			return h.Accounts.Confirm(ctx, s, "wrongpass", client)
		}},
		{guard.EventConfirmed, func(ctx context.Context) error {
			s, err := h.Sessions.Find(t.Context(), tok)
			if err != nil {
				t.Fatal(err)
			}
			return h.Accounts.Confirm(ctx, s, house.Password, client)
		}},
		{guard.EventPasswordChanged, func(ctx context.Context) error {
			s, err := h.Sessions.Find(t.Context(), tok)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.Accounts.ChangePassword(ctx, s, house.Password, "another one", client)
			return err
		}},
	} {
		ctx, reset := context.WithCancel(t.Context())
		before := len(h.Events(t, ada.ID))
		ended := make(chan error, 1)
		go func() { ended <- c.do(ctx) }()
		for h.Passwords.Load().Running == 0 {
			if len(ended) > 0 {
				t.Fatalf("%s ended early: %v", c.event, <-ended)
			}
		}
		reset()
		<-ended //nolint:errcheck // the answer does not matter
		if events := h.Events(t, ada.ID); len(events) != before+1 || !slices.Contains(events, c.event) {
			t.Errorf("%s: events %v", c.event, events)
		}
	}
}
