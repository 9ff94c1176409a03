package store_test

import (
	"context"
	"database/sql"
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
		write(t, db, func(tx *store.Tx) error { return tx.AddOrphans(t.Context(), []string{fmt.Sprint("o", s)}, at(s)) })
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

// An announcement can be repeated if its answer got lost. Then the first one counts.
func TestOrphanIsAnnouncedAgain(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withOrphans(t, db, 10)
		write(t, db, func(tx *store.Tx) error { return tx.AddOrphans(t.Context(), []string{"o10", "o20"}, at(20)) })
		for second, want := range map[int]string{10: "[o10]", 20: "[o10 o20]"} {
			if got := due(t, db, second, 100); got != want {
				t.Errorf("due at %d: %s, want %s", second, got, want)
			}
		}
	})
}

// There may be more orphans than fit into a statement. A hundred are forgotten in one.
func TestManyOrphans(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		var keys []string
		for i := range 120 {
			keys = append(keys, fmt.Sprintf("o%03d", i))
		}
		write(t, db, func(tx *store.Tx) error { return tx.AddOrphans(t.Context(), keys, at(10)) })
		if listed, err := db.DueOrphans(t.Context(), at(10), 200); err != nil || len(listed) != len(keys) {
			t.Errorf("listed: %v, %v", listed, err)
		}
		for _, c := range []struct{ first, end, statements int }{{0, 8, 1}, {8, 108, 1}, {108, 117, 1}, {0, 119, 2}} {
			var statements int
			write(t, db, func(tx *store.Tx) error {
				statements = 0
				tx = store.Through(tx, func(q store.Querier) store.Querier { return &counter{q, &statements} })
				return tx.ForgetOrphans(t.Context(), keys[c.first:c.end])
			})
			if statements != c.statements {
				t.Errorf("%d orphans: %d statements, want %d", c.end-c.first, statements, c.statements)
			}
			if c.first > 0 {
				if got := due(t, db, 10, 200); got != fmt.Sprint(keys[c.end:]) {
					t.Errorf("left after %d: %s", c.end, got)
				}
			}
		}
		if got := due(t, db, 10, 100); got != "[o119]" {
			t.Errorf("left: %s", got)
		}
	})
}

// counter counts statements that write.
type counter struct {
	store.Querier
	n *int
}

func (c *counter) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	*c.n++
	return c.Querier.ExecContext(ctx, query, args...)
}

// A statement alone is done when it is reported as done.
func TestAlone(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		err := db.Alone(t.Context(), func(tx *store.Tx) error { return tx.AddOrphans(t.Context(), []string{"o1", "o2"}, at(1)) })
		if got := due(t, db, 1, 100); err != nil || got != "[o1 o2]" {
			t.Errorf("%s, %v", got, err)
		}
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
			write(t, db, func(tx *store.Tx) error { return tx.ForgetOrphans(t.Context(), []string{"o10"}) })
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
			return errors.Join(tx.SetPicture(t.Context(), picture("ann", "named")), tx.AddOrphans(t.Context(), []string{"listed"}, at(1)))
		})
		for key, want := range map[string]bool{"named": true, "named-small": true, "named-large": true, "listed": true, "neither": false, "": false} {
			if got, err := db.KnowsFile(t.Context(), key); err != nil || got != want {
				t.Errorf("%q: %v, %v", key, got, err)
			}
		}
	})
}
