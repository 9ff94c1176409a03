package session_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/token"
	"github.com/cardea-accounts/cardea/internal/user"
)

const day = 24 * time.Hour

var days = house.Options{Idle: 14 * day, Max: 30 * day}

// lastSeen returns when a user was seen last, as the database has it.
func lastSeen(t *testing.T, h *house.House, userID string) time.Time {
	t.Helper()
	rows := h.Rows(t, userID)
	if len(rows) == 0 {
		t.Fatal("the session is gone")
	}
	return rows[0].LastSeenAt
}

// flush writes the collected uses, and collects from then on.
func flush(t *testing.T, h *house.House) {
	t.Helper()
	if err := h.Sessions.FlushUses(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// While uses are flushed, requests do not wait for last-seen to be written. What was
// collected at the end is not lost.
func TestUsesAreCollected(t *testing.T) {
	h := house.New(t, days)
	ada, tok := h.Register(t, "ada@example.com")
	flush(t, h)
	h.Clock.Advance(time.Hour)
	if h.IsSignedIn(t, tok); !lastSeen(t, h, ada.ID).Equal(house.Start) {
		t.Error("written at once")
	}
	if flush(t, h); !lastSeen(t, h, ada.ID).Equal(h.Clock.Now()) {
		t.Errorf("last seen %v, now %v", lastSeen(t, h, ada.ID), h.Clock.Now())
	}
	h.Clock.Advance(time.Hour)
	h.IsSignedIn(t, tok)
	if err := h.Sessions.StopUses(t.Context()); err != nil || !lastSeen(t, h, ada.ID).Equal(h.Clock.Now()) {
		t.Errorf("the last use is lost (%v)", err)
	}
	h.Clock.Advance(time.Hour)
	if h.IsSignedIn(t, tok); !lastSeen(t, h, ada.ID).Equal(h.Clock.Now()) {
		t.Error("not written although uses are no longer collected")
	}
}

// The list shows the collected uses before they are written.
func TestListShowsCollectedUses(t *testing.T) {
	h := house.New(t, days)
	ada, tok := h.Register(t, "ada@example.com")
	flush(t, h)
	h.Clock.Advance(time.Hour)
	h.IsSignedIn(t, tok)
	list, err := h.Sessions.List(t.Context(), ada.ID, "")
	if err != nil || len(list) != 1 || !list[0].LastSeenAt.Equal(h.Clock.Now()) || !list[0].ExpiresAt.Equal(h.Clock.Now().Add(days.Idle)) {
		t.Errorf("%+v (%v), now %v", list, err, h.Clock.Now())
	}
}

// Requests that race at the hour write the use of a session once, whichever is last.
func TestRacingUsesAreWrittenOnce(t *testing.T) {
	h := house.New(t, days)
	ada, tok := h.Register(t, "ada@example.com")
	flush(t, h)
	h.Clock.Advance(62 * time.Minute)
	h.IsSignedIn(t, tok) // collected
	h.Clock.Advance(-time.Minute)
	opt := session.Options{Idle: days.Idle, Max: days.Max, Cache: 1, Now: h.Clock.Now}
	other := session.New(h.DB, h.Watch, h.Audit, h.Limits, opt) // writes at once
	if _, err := other.Find(t.Context(), tok); err != nil {
		t.Fatal(err)
	}
	flush(t, h)
	if seen := lastSeen(t, h, ada.ID); !seen.Equal(house.Start.Add(61 * time.Minute)) {
		t.Errorf("last seen %v after the start", seen.Sub(house.Start))
	}
}

// usedAtTheLimit returns a session that was used a second before it would have expired.
// The use is collected but not written.
func usedAtTheLimit(t *testing.T) (*house.House, user.User, token.Token) {
	t.Helper()
	h := house.New(t, house.Options{Idle: day, Max: 30 * day})
	ada, tok := h.Register(t, "ada@example.com")
	flush(t, h)
	h.Clock.Advance(day - time.Second)
	if !h.IsSignedIn(t, tok) {
		t.Fatal("expired too early")
	}
	return h, ada, tok
}

func TestSweepWritesCollectedUsesFirst(t *testing.T) {
	h, _, tok := usedAtTheLimit(t)
	h.Clock.Advance(2 * time.Second)
	if err := h.Sessions.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !h.IsSignedIn(t, tok) {
		t.Error("swept, although it was used a moment ago")
	}
}

// A collected use counts while it cannot be written.
func TestUsesCountUntilTheyAreWritten(t *testing.T) {
	h, ada, tok := usedAtTheLimit(t)
	used := h.Clock.Now()
	failing, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Sessions.FlushUses(failing); err == nil {
		t.Fatal("written")
	}
	h.Clock.Advance(2 * time.Second)
	if !h.IsSignedIn(t, tok) {
		t.Fatal("expired, although it was used a moment ago")
	}
	if flush(t, h); !lastSeen(t, h, ada.ID).Equal(used) && !lastSeen(t, h, ada.ID).Equal(h.Clock.Now()) {
		t.Errorf("last seen %v", lastSeen(t, h, ada.ID))
	}
}

// Uses of more sessions than one transaction takes are all written.
func TestManyUses(t *testing.T) {
	h := house.New(t, days)
	tokens := h.Crowd(t, 3*guard.SweepBatch/2)
	flush(t, h)
	h.Clock.Advance(time.Hour)
	for _, tok := range tokens {
		if !h.IsSignedIn(t, tok) {
			t.Fatal("not signed in")
		}
	}
	flush(t, h)
	for i := range tokens {
		if at := lastSeen(t, h, fmt.Sprintf("p%d", i)); !at.Equal(h.Clock.Now()) {
			t.Fatalf("p%d was last seen %v", i, at)
		}
	}
}
