package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

func TestUsersWithSessions(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob", "cyd")
		withSessions(t, db, session("s1", "bob", at(1), at(1)), session("s2", "ann", at(2), at(2)), session("s3", "bob", at(3), at(3)))
		for limit, want := range map[int][]string{1: {"ann"}, 2: {"ann", "bob"}, 9: {"ann", "bob"}} {
			if got, err := db.UsersWithSessions(t.Context(), limit); err != nil || !slices.Equal(got, want) {
				t.Errorf("at most %d: %v (%v), want %v", limit, got, err, want)
			}
		}
	})
}

// Both sweeps end the oldest sessions first, a batch at a time.
func TestSessionsAreSweptInBatches(t *testing.T) {
	for name, c := range map[string]struct {
		sweep   func(*store.Tx, context.Context, int) (int64, error)
		session func(seconds int) store.Session // that the sweep takes for that old
	}{
		"idle": {
			func(tx *store.Tx, ctx context.Context, limit int) (int64, error) {
				return tx.DeleteIdleSessions(ctx, at(4), limit)
			},
			func(s int) store.Session { return session(fmt.Sprint("s", s), "ann", at(-100-s), at(s)) },
		},
		"old": {
			func(tx *store.Tx, ctx context.Context, limit int) (int64, error) {
				return tx.DeleteOldSessions(ctx, at(4), limit)
			},
			func(s int) store.Session { return session(fmt.Sprint("s", s), "ann", at(s), at(100+s)) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			forEachEngine(t, func(t *testing.T, db *store.DB) {
				withUsers(t, db, "ann", "bob")
				withSessions(t, db, c.session(3), c.session(6), c.session(1), c.session(4), c.session(2), c.session(5))
				bobs := c.session(0)
				bobs.UserID = "bob"
				withSessions(t, db, bobs)
				for i, want := range []string{"2 [2 3 4 5 6]", "2 [4 5 6]", "1 [5 6]", "0 [5 6]"} {
					var removed int64
					write(t, db, func(tx *store.Tx) (err error) {
						removed, err = c.sweep(tx, t.Context(), 2)
						return err
					})
					var left []int
					for s := range 7 {
						if _, err := db.SessionByTokenHash(t.Context(), c.session(s).TokenHash); err == nil {
							left = append(left, s)
						}
					}
					if got := fmt.Sprint(removed, left); got != want {
						t.Errorf("sweep %d: removed and left %s, want %s", i+1, got, want)
					}
				}
			})
		})
	}
}
