package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

// A missing table or column is damage. Queries and Ping report it until a check finds
// that the database is complete again. Wrong queries would fail in other tests.
func TestMissingTablesAreDamage(t *testing.T) {
	for what, statement := range map[string]struct{ lose, restore string }{
		"a table":  {"DROP TABLE attempts", ""}, // only a backup would bring it back
		"a column": {"ALTER TABLE attempts RENAME COLUMN at TO lost", "ALTER TABLE attempts RENAME COLUMN lost TO at"},
	} {
		t.Run(what, func(t *testing.T) {
			withEachEngine(t, func(t *testing.T, e engine) {
				address := e.address(t)
				db := e.opened(t, address)
				run := func(statement string) { t.Helper(); e.exec(t, address, statement) }
				run(statement.lose)
				if _, err := db.AttemptsAfter(t.Context(), []byte("c"), at(0), 1); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("read: %v", err)
				}
				wantError(t, db, store.ErrDamaged, func(tx *store.Tx) error {
					return tx.AddAttempt(t.Context(), store.Attempt{ID: "a", Counter: []byte("c"), At: at(0)})
				})
				ended, cancel := context.WithCancel(t.Context())
				cancel()
				if err := store.CheckForDamage(ended, db); !errors.Is(err, store.ErrDamaged) || errors.Is(err, context.Canceled) {
					t.Errorf("a check for a caller who has left: %v", err)
				}
				if err := db.Ping(t.Context()); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("ping: %v", err)
				}
				if statement.restore == "" {
					return
				}
				run(statement.restore)
				if err := db.Ping(t.Context()); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("it checks again at once: %v", err)
				}
				store.ForgetCheck(db)
				if err := db.Ping(t.Context()); err != nil {
					t.Errorf("complete again, but: %v", err)
				}
			})
		})
	}
}

func TestPing(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Ping(t.Context()); err == nil {
			t.Error("a closed database answers")
		}
	})
}

// A check for damage that does not end says nothing about damage.
func TestCheckThatFails(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := store.CheckForDamage(t.Context(), db); err == nil || errors.Is(err, store.ErrDamaged) {
			t.Error(err)
		}
	})
}
