package session_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// A session that is dated in the future, because the clock was set back since, lives no
// longer than others: its limits count from when that is found, by its use or by the sweep.
func TestSessionsDatedInTheFuture(t *testing.T) {
	for name, notice := range map[string]func(t *testing.T, h *house.House, use func() bool){
		"by its use": func(t *testing.T, _ *house.House, use func() bool) {
			if !use() {
				t.Error("signed out when the clock was set back")
			}
		},
		"by the sweep": func(t *testing.T, h *house.House, _ func() bool) {
			if err := h.Sessions.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		for _, opt := range []house.Options{
			{Idle: time.Hour, Max: 1000 * time.Hour},
			{Idle: 1000 * time.Hour, Max: 24 * time.Hour},
		} {
			limit := min(opt.Idle, opt.Max)
			h := house.New(t, opt)
			h.Clock.Advance(100 * time.Hour)
			ada, token := h.Register(t, "ada@example.com")
			use := func() bool { h.Look(t); return h.IsSignedIn(t, token) }
			h.Clock.Advance(-100 * time.Hour)
			notice(t, h, use)
			for _, row := range h.Rows(t, ada.ID) {
				if now := h.Clock.Now(); row.CreatedAt.After(now) || row.LastSeenAt.After(now) || row.ConfirmedAt.After(now) {
					t.Errorf("%s: still dated %v, %v and %v", name, row.CreatedAt, row.LastSeenAt, row.ConfirmedAt)
				}
			}
			h.Clock.Advance(limit)
			if use() {
				t.Errorf("%s: it outlived its limit of %v", name, limit)
			}
		}
	}
}

// A session that begins while a sweep is held up keeps its dates.
func TestSessionBegunDuringASweep(t *testing.T) {
	h := house.New(t, house.Options{})
	h.Clock.Advance(time.Minute)
	var heldUp sync.Once
	var id string
	sweeper := session.New(h.DB, h.Watch, h.Audit, h.Limits, session.Options{Idle: time.Hour, Max: time.Hour, Cache: 1, PerUser: 1,
		Now: func() time.Time {
			now := h.Clock.Now()
			heldUp.Do(func() {
				h.Clock.Advance(10 * time.Second)
				ada, _ := h.Register(t, "ada@example.com")
				id = ada.ID
			})
			return now
		}, Log: slog.New(slog.DiscardHandler)})
	if err := sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, row := range h.Rows(t, id) {
		if now := h.Clock.Now(); !row.CreatedAt.Equal(now) || !row.ConfirmedAt.Equal(now) {
			t.Errorf("dated %v and %v, not %v", row.CreatedAt, row.ConfirmedAt, now)
		}
	}
}
