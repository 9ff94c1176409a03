package store_test

import (
	"reflect"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

// A challenge is found by its token, its user and its browser, and used once.
func TestChallenges(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		db := e.opened(t, e.address(t))
		withUsers(t, db, "ann")
		c1 := challenge("c1")
		create := func(c store.Challenge) {
			write(t, db, func(tx *store.Tx) error { return tx.CreateChallenge(t.Context(), c) })
		}
		create(c1)
		find := func() (found []store.Challenge) {
			t.Helper()
			byToken, err1 := db.ChallengeByToken(t.Context(), c1.TokenHash)
			byUser, err2 := db.ChallengeOfUser(t.Context(), "ann", "reset")
			byBrowser, err3 := db.ChallengeOfBrowser(t.Context(), c1.BrowserHash, "reset")
			for _, err := range []error{err1, err2, err3} {
				if err != nil {
					t.Fatal(err)
				}
			}
			return []store.Challenge{byToken, byUser, byBrowser}
		}
		for _, got := range find() {
			if !reflect.DeepEqual(got, c1) {
				t.Errorf("got %+v, want %+v", got, c1)
			}
		}
		for range 2 {
			write(t, db, func(tx *store.Tx) error { return tx.CountCodeAttempt(t.Context(), "c1", 2) })
		}
		wantError(t, db, store.ErrNotFound, func(tx *store.Tx) error { return tx.CountCodeAttempt(t.Context(), "c1", 2) })
		write(t, db, func(tx *store.Tx) error { return tx.DeleteChallenge(t.Context(), "c1") })
		wantError(t, db, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteChallenge(t.Context(), "c1") })
		wantError(t, db, store.ErrDuplicate, func(tx *store.Tx) error {
			c3 := challenge("c3")
			c3.TokenHash = c1.TokenHash
			if err := tx.CreateChallenge(t.Context(), c1); err != nil {
				return err
			}
			return tx.CreateChallenge(t.Context(), c3)
		})
	})
}

// Challenges go when they expire, when newer ones replace them, and with their user.
func TestChallengesGo(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		db := e.opened(t, e.address(t))
		withUsers(t, db, "ann")
		for name, remove := range map[string]func(*store.Tx) error{
			"expiry": func(tx *store.Tx) error {
				n, err := tx.DeleteExpiredChallenges(t.Context(), at(10), 9)
				if n != 1 {
					t.Errorf("%d expired", n)
				}
				return err
			},
			"purpose": func(tx *store.Tx) error { return tx.DeleteChallengesOfUser(t.Context(), "ann", "reset", at(1)) },
		} {
			write(t, db, func(tx *store.Tx) error { return tx.CreateChallenge(t.Context(), challenge("c1")) })
			write(t, db, func(tx *store.Tx) error { return tx.DeleteChallengesOfUser(t.Context(), "ann", "reset", at(2)) })
			write(t, db, func(tx *store.Tx) error { return tx.DeleteChallengesOfUser(t.Context(), "ann", "verify", at(0)) })
			if _, err := db.ChallengeByToken(t.Context(), challenge("c1").TokenHash); err != nil {
				t.Fatalf("%s: gone too early: %v", name, err)
			}
			write(t, db, remove)
			wantError(t, db, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteChallenge(t.Context(), "c1") })
		}
		write(t, db, func(tx *store.Tx) error { return tx.CreateChallenge(t.Context(), challenge("c1")) })
		write(t, db, func(tx *store.Tx) error { return tx.DeleteUser(t.Context(), "ann") })
		wantError(t, db, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteChallenge(t.Context(), "c1") })
	})
}
