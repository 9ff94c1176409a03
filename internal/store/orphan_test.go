package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

// withOrphans adds orphans that are due at the given seconds, under the keys
// o<seconds>.
func withOrphans(t *testing.T, db *store.DB, seconds ...int) {
	t.Helper()
	for _, s := range seconds {
		write(t, db, func(tx *store.Tx) error { return tx.AddOrphan(t.Context(), fmt.Sprint("o", s), at(s)) })
	}
}

// due lists at most limit orphans that are due at the given second.
func due(t *testing.T, db *store.DB, second, limit int) string {
	t.Helper()
	keys, err := db.DueOrphans(t.Context(), at(second), limit)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(keys)
}

func TestDueOrphansListsTheLongestDueFirst(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withOrphans(t, db, 30, 10, 40, 20)
		for _, c := range []struct {
			second, limit int
			want          string
		}{
			{9, 100, "[]"},
			{10, 100, "[o10]"},
			{39, 100, "[o10 o20 o30]"},
			{50, 100, "[o10 o20 o30 o40]"},
			{50, 2, "[o10 o20]"},
		} {
			if got := due(t, db, c.second, c.limit); got != c.want {
				t.Errorf("at %d s, at most %d: %s, want %s", c.second, c.limit, got, c.want)
			}
		}
	})
}

func TestOrphanIsAnnouncedOnce(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withOrphans(t, db, 10)
		wantError(t, db, store.ErrDuplicate, func(tx *store.Tx) error { return tx.AddOrphan(t.Context(), "o10", at(99)) })
	})
}

func TestAdoptOrphanOnlyBeforeItIsDue(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withOrphans(t, db, 10, 20)
		adopt := func(key string, second int) func(*store.Tx) error {
			return func(tx *store.Tx) error { return tx.AdoptOrphan(t.Context(), key, at(second)) }
		}
		wantError(t, db, store.ErrNotFound, adopt("o10", 11))
		wantError(t, db, store.ErrNotFound, adopt("o10", 10)) // the sweep may have it in hand
		wantError(t, db, store.ErrNotFound, adopt("never announced", 0))
		write(t, db, adopt("o10", 9))
		wantError(t, db, store.ErrNotFound, adopt("o10", 9))
		if got := due(t, db, 99, 100); got != "[o20]" {
			t.Errorf("left: %s", got)
		}
	})
}

func TestForgetOrphan(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withOrphans(t, db, 10, 20)
		for range 2 { // the second time there is nothing to do
			write(t, db, func(tx *store.Tx) error { return tx.ForgetOrphan(t.Context(), "o10") })
		}
		if got := due(t, db, 99, 100); got != "[o20]" {
			t.Errorf("left: %s", got)
		}
	})
}

func TestExpireOrphan(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withOrphans(t, db, 10, 20, 30)
		if keys, err := db.OrphansAfter(t.Context(), at(10)); err != nil || len(keys) != 2 {
			t.Errorf("after 10: %v, %v", keys, err)
		}
		for _, key := range []string{"o10", "o20", "missing"} {
			write(t, db, func(tx *store.Tx) error { return tx.ExpireOrphan(t.Context(), key, at(15)) })
		}
		for second, want := range map[int]string{10: "[o10]", 15: "[o10 o20]"} {
			if got := due(t, db, second, 100); got != want {
				t.Errorf("due at %d: %s, want %s", second, got, want)
			}
		}
	})
}

func TestKnowsFile(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		write(t, db, func(tx *store.Tx) error {
			return errors.Join(tx.SetPicture(t.Context(), picture("ann", "named")), tx.AddOrphan(t.Context(), "listed", at(1)))
		})
		for key, want := range map[string]bool{"named": true, "named-small": true, "named-large": true, "listed": true, "neither": false, "": false} {
			if got, err := db.KnowsFile(t.Context(), key); err != nil || got != want {
				t.Errorf("%q: %v, %v", key, got, err)
			}
		}
	})
}
