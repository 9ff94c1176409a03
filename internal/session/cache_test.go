package session_test

import (
	"context"
	"github.com/cardea-accounts/cardea/internal/account"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/token"
)

// find looks for the session of a token. It reports whether that is live, and whether the
// answer came from memory.
func find(t *testing.T, h *house.House, tok token.Token) (isLive, fromMemory bool) {
	t.Helper()
	hits := h.Sessions.CacheStats().Hits
	isLive = h.IsSignedIn(t, tok)
	return isLive, h.Sessions.CacheStats().Hits > hits
}

// keep makes sure that a session is answered from memory.
func keep(t *testing.T, h *house.House, tok token.Token) {
	t.Helper()
	h.Look(t)
	find(t, h, tok)
	if isLive, fromMemory := find(t, h, tok); !isLive || !fromMemory {
		t.Fatalf("live %v, from memory %v", isLive, fromMemory)
	}
}

// A session is answered from memory for a second after each look for changes by others.
func TestSessionsAreKeptOnlyWhileOthersAreWatched(t *testing.T) {
	h := house.New(t, house.Options{})
	_, tok := h.Register(t, "ada@example.com")
	find(t, h, tok)
	if _, fromMemory := find(t, h, tok); fromMemory {
		t.Error("from memory before the first look")
	}
	keep(t, h, tok)
	for _, c := range []struct {
		later time.Duration
		want  bool
	}{{0, true}, {time.Second - time.Microsecond, true}, {time.Second, false}, {-time.Second, false}} {
		h.Clock.Set(house.Start.Add(c.later))
		if isLive, fromMemory := find(t, h, tok); !isLive || fromMemory != c.want {
			t.Errorf("%v after the last look: live %v, from memory %v", c.later, isLive, fromMemory)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	h.Clock.Set(house.Start.Add(2 * time.Second))
	err := h.Watch.Look(ended)
	if _, fromMemory := find(t, h, tok); err == nil || fromMemory {
		t.Errorf("from memory %v although the look failed (%v)", fromMemory, err)
	}
}

// A session in memory expires like any other, and stays dead if the clock is set back.
func TestKeptSessionsExpire(t *testing.T) {
	for name, opt := range map[string]house.Options{
		"idle":    {Idle: time.Hour, Max: 24 * time.Hour},
		"maximum": {Idle: 24 * time.Hour, Max: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			h := house.New(t, opt)
			_, tok := h.Register(t, "ada@example.com")
			keep(t, h, tok)
			h.Clock.Advance(time.Hour)
			h.Look(t)
			if isLive, fromMemory := find(t, h, tok); isLive || !fromMemory {
				t.Errorf("live %v, from memory %v", isLive, fromMemory)
			}
			h.Clock.Set(house.Start)
			h.Look(t)
			if isLive, fromMemory := find(t, h, tok); isLive || fromMemory {
				t.Errorf("after the clock was set back: live %v, from memory %v", isLive, fromMemory)
			}
		})
	}
}

// The sweep ends sessions that no request asked for. They stay dead, too.
func TestSweptSessionsAreNotKept(t *testing.T) {
	h := house.New(t, house.Options{})
	_, tok := h.Register(t, "ada@example.com")
	keep(t, h, tok)
	h.Clock.Advance(2 * time.Hour)
	if err := h.Sessions.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Clock.Set(house.Start)
	if isLive, fromMemory := find(t, h, tok); isLive || fromMemory {
		t.Errorf("after the clock was set back: live %v, from memory %v", isLive, fromMemory)
	}
}

// The use of a session that is answered from memory is written, too.
func TestKeptSessionsAreTouched(t *testing.T) {
	h := house.New(t, house.Options{Idle: 14 * 24 * time.Hour, Max: 30 * 24 * time.Hour})
	ada, tok := h.Register(t, "ada@example.com")
	keep(t, h, tok)
	h.Clock.Advance(time.Hour)
	h.Look(t)
	if isLive, fromMemory := find(t, h, tok); !isLive || !fromMemory {
		t.Fatalf("live %v, from memory %v", isLive, fromMemory)
	}
	if seen := h.Rows(t, ada.ID)[0].LastSeenAt; !seen.Equal(h.Clock.Now()) {
		t.Errorf("last seen %v, now %v", seen, h.Clock.Now())
	}
}

// Operators' commands are other processes on the same file.
func TestChangesOfOtherProcessesEndKeptSessions(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, tok := h.Register(t, "ada@example.com")
	keep(t, h, tok)
	err := h.OtherProcess(t).Tx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.DeleteSessionsOfUser(t.Context(), ada.ID, "", h.Clock.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Look(t)
	if isLive, fromMemory := find(t, h, tok); isLive || fromMemory {
		t.Errorf("live %v, from memory %v", isLive, fromMemory)
	}
}

// A request that only reads does not wait long to write last-seen, even if another
// process holds the lock of the database.
func TestReadersDoNotWaitForALock(t *testing.T) {
	h := house.New(t, house.Options{})
	_, tok := h.Register(t, "ada@example.com")
	h.Clock.Advance(30 * time.Minute) // last-seen is due
	err := h.OtherProcess(t).Tx(t.Context(), func(*store.Tx) error {
		began := time.Now()
		if !h.IsSignedIn(t, tok) || time.Since(began) > 3*time.Second {
			t.Errorf("waited %v", time.Since(began))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A session in memory that is no longer valid counts as a miss, because the database is asked.
func TestCacheIsCounted(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, tok := h.Register(t, "ada@example.com")
	_, other := h.Register(t, "bob@example.com")
	h.Look(t)
	ask := func(tok token.Token, want session.CacheStats) {
		t.Helper()
		h.IsSignedIn(t, tok)
		if got := h.Sessions.CacheStats(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	ask(tok, session.CacheStats{Entries: 1, Hits: 0, Misses: 1})
	ask(tok, session.CacheStats{Entries: 1, Hits: 1, Misses: 1})
	ask(other, session.CacheStats{Entries: 2, Hits: 1, Misses: 2})
	if _, err := h.Accounts.Change(t.Context(), ada, account.Profile{Name: new("Countess")}, guard.Client{}); err != nil {
		t.Fatal(err)
	}
	ask(tok, session.CacheStats{Entries: 2, Hits: 1, Misses: 3})
	ask(tok, session.CacheStats{Entries: 2, Hits: 2, Misses: 3})
}

func BenchmarkFind(b *testing.B) {
	h := house.New(b, house.Options{})
	_, tok := h.Register(b, "ada@example.com")
	h.Look(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Sessions.Find(b.Context(), tok); err != nil {
			b.Fatal(err)
		}
	}
}
