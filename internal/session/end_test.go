package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/token"
)

// addSessions adds sessions to a user.
func addSessions(t *testing.T, h *house.House, userID string, n int) {
	t.Helper()
	err := h.DB.Tx(t.Context(), func(tx *store.Tx) error {
		for range n {
			if err := h.Sessions.Replace(t.Context(), tx, guard.Client{}, h.Sessions.Prepare(userID, guard.Client{}), func(guard.Event, string) {}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The sweep deletes expired sessions, in more than one batch, and no others.
func TestSweepRemovesExpiredSessions(t *testing.T) {
	h := house.New(t, house.Options{})
	old, _ := h.Register(t, "old@example.com")
	addSessions(t, h, old.ID, 2*guard.SweepBatch+10)
	h.Clock.Advance(time.Hour)
	_, tok := h.Register(t, "new@example.com")
	if err := h.Sessions.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := h.Rows(t, old.ID); len(rows) != 0 {
		t.Errorf("%d expired sessions are left", len(rows))
	}
	if !h.IsSignedIn(t, tok) {
		t.Error("a live session is gone")
	}
}

// A session of the maximum age is swept, however much it is used.
func TestSweepRemovesSessionsOfMaximumAge(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, tok := h.Register(t, "old@example.com")
	for range 47 {
		h.Clock.Advance(30 * time.Minute)
		if !h.IsSignedIn(t, tok) {
			t.Fatal("expired too early")
		}
	}
	h.Clock.Advance(31 * time.Minute)
	if err := h.Sessions.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := h.Rows(t, ada.ID); len(rows) != 0 {
		t.Errorf("%d sessions are left", len(rows))
	}
}

// The list says when each session expires if it is not used again: after the idle limit,
// and at the maximum age at the latest. That is the very moment when it does.
func TestListShowsWhenSessionsExpire(t *testing.T) {
	h := house.New(t, house.Options{Idle: 2 * time.Hour, Max: 3 * time.Hour})
	ada, tok := h.Register(t, "ada@example.com")
	expires := func() time.Time {
		t.Helper()
		list, err := h.Sessions.List(t.Context(), ada.ID, "")
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0].ExpiresAt
	}
	if got := expires().Sub(house.Start); got != 2*time.Hour {
		t.Errorf("a new session expires after %v", got)
	}
	for _, c := range []struct{ used, expires time.Duration }{
		{30 * time.Minute, 150 * time.Minute}, {90 * time.Minute, 3 * time.Hour}, {170 * time.Minute, 3 * time.Hour},
	} {
		h.Clock.Set(house.Start.Add(c.used))
		if !h.IsSignedIn(t, tok) {
			t.Fatalf("expired before %v", c.used)
		}
		if got := expires().Sub(house.Start); got != c.expires {
			t.Errorf("used after %v, it expires after %v", c.used, got)
		}
	}
	at := expires()
	for _, c := range []struct {
		when time.Time
		live bool
	}{{at.Add(-time.Microsecond), true}, {at, false}} {
		h.Clock.Set(c.when)
		list, err := h.Sessions.List(t.Context(), ada.ID, "")
		if err != nil || (len(list) == 1) != c.live || h.IsSignedIn(t, tok) != c.live {
			t.Errorf("%v after it was to expire: listed %+v (%v)", c.when.Sub(at), list, err)
		}
	}
}

// All sessions of all users end, in more than one batch, and at once, even those that are
// answered from memory. Each user has an event.
func TestEndEverything(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, tok := h.Register(t, "ada@example.com")
	keep(t, h, tok)
	tokens := append(h.Crowd(t, 2*guard.SweepBatch), tok)
	ended, err := h.Sessions.EndEverything(t.Context(), guard.Client{})
	if err != nil || ended != int64(len(tokens)) {
		t.Errorf("ended %d of %d (%v)", ended, len(tokens), err)
	}
	if slices.ContainsFunc(tokens, func(tok token.Token) bool { return h.IsSignedIn(t, tok) }) {
		t.Error("a session continues")
	}
	if events := slices.Sorted(slices.Values(h.Events(t, ada.ID))); !slices.Equal(events, []guard.Event{guard.EventRegistered, guard.EventSessionsEnded}) {
		t.Errorf("events %v", events)
	}
	if _, err := h.Accounts.Login(t.Context(), ada.Email, house.Password, guard.Client{}); err != nil {
		t.Errorf("cannot sign in again: %v", err)
	}
}

// Without sessions there is nothing to end, and no event.
func TestEndEverythingOfNothing(t *testing.T) {
	h := house.New(t, house.Options{})
	if ended, err := h.Sessions.EndEverything(t.Context(), guard.Client{}); err != nil || ended != 0 || len(h.Events(t, "")) != 0 {
		t.Errorf("ended %d (%v), events %v", ended, err, h.Events(t, ""))
	}
	if err := h.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Sessions.EndEverything(t.Context(), guard.Client{}); err == nil {
		t.Error("a database that is closed is no error")
	}
}

// A user ends own sessions only. A session of another user is not found.
func TestEndIsForOwnSessions(t *testing.T) {
	h := house.New(t, house.Options{})
	_, tok := h.Register(t, "ada@example.com")
	eve, _ := h.Register(t, "eve@example.com")
	s, err := h.Sessions.Find(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Sessions.End(t.Context(), eve.ID, s.ID, guard.Client{}); !errors.Is(err, guard.ErrSessionNotFound) || !h.IsSignedIn(t, tok) {
		t.Errorf("another user ended it: %v", err)
	}
	if err := h.Sessions.End(t.Context(), s.User.ID, s.ID, guard.Client{}); err != nil || h.IsSignedIn(t, tok) {
		t.Errorf("its user did not end it: %v", err)
	}
}
