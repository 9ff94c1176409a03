package account

import (
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

func TestPeopleAreCountedOnceAMinute(t *testing.T) {
	b := newBench(t)
	b.register(t, "ada@example.com")
	b.register(t, "bob@example.com")
	want := func(n store.Counts) {
		t.Helper()
		if got := b.Stats(t.Context()).Counts; got == nil || *got != n {
			t.Errorf("counted %+v, want %+v", got, n)
		}
	}
	want(store.Counts{Users: 2, Sessions: 2})
	eve, _ := b.register(t, "eve@example.com")
	b.picture(t, eve, 4)
	want(store.Counts{Users: 2, Sessions: 2})
	b.now = b.now.Add(countInterval - time.Second)
	want(store.Counts{Users: 2, Sessions: 2})
	b.now = b.now.Add(time.Second)
	want(store.Counts{Users: 3, Sessions: 3, Pictures: 1})
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(countInterval)
	if got := b.Stats(t.Context()).Counts; got != nil {
		t.Errorf("a database that does not answer: %+v", got)
	}
}

// What is kept and no longer holds is a miss, as the database is asked.
func TestCacheIsCounted(t *testing.T) {
	b := newBench(t)
	user, token := b.register(t, "ada@example.com")
	_, other := b.register(t, "bob@example.com")
	b.sessions.look(t.Context(), b.now)
	ask := func(token Token, want CacheStats) {
		t.Helper()
		b.signedIn(t, token)
		if got := b.Stats(t.Context()).Cache; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	ask(token, CacheStats{Entries: 1, Hits: 0, Misses: 1})
	ask(token, CacheStats{Entries: 1, Hits: 1, Misses: 1})
	ask(other, CacheStats{Entries: 2, Hits: 1, Misses: 2})
	if _, err := b.Rename(t.Context(), user, "Countess", Client{}); err != nil {
		t.Fatal(err)
	}
	ask(token, CacheStats{Entries: 2, Hits: 1, Misses: 3})
	ask(token, CacheStats{Entries: 2, Hits: 2, Misses: 3})
}

func TestFailedSweepsAreCounted(t *testing.T) {
	b := newBench(t)
	if b.Sweep(t.Context()); b.Stats(t.Context()).SweepFailures != 0 {
		t.Error("a sweep that had nothing to do counts as failed")
	}
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	if b.Sweep(t.Context()); b.Stats(t.Context()).SweepFailures != 5 {
		t.Errorf("%d of 5 parts failed", b.Stats(t.Context()).SweepFailures)
	}
}
