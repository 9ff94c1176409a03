package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

func TestTxKeepsNothingWhenItFails(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		refusal := errors.New("refused")
		wantError(t, db, refusal, func(tx *store.Tx) error {
			if err := tx.CreateUser(t.Context(), newUser("ann")); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.UserByID(t.Context(), "ann"); err != nil {
				t.Errorf("a transaction does not see what it wrote: %v", err)
			}
			if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("others see what is not committed: %v", err)
			}
			return refusal
		})
		if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("rolled back, but: %v", err)
		}
		withUsers(t, db, "ann") // the next one is not disturbed
	})
}

// A panic passes through. It rolls back and does not stop the next writer.
func TestTxFreesTheWriterWhenItPanics(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		func() {
			defer func() {
				if got := recover(); got != "oops" {
					t.Errorf("recovered %v", got)
				}
			}()
			_ = db.Tx(context.Background(), func(tx *store.Tx) error {
				if err := tx.CreateUser(t.Context(), newUser("ann")); err != nil {
					t.Error(err)
				}
				panic("oops")
			})
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := db.Tx(ctx, func(tx *store.Tx) error { return tx.CreateUser(ctx, newUser("ann")) }); err != nil {
			t.Errorf("the next transaction: %v", err)
		}
	})
}

func TestTxEndsWithItsContext(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		err := db.Tx(ended, func(*store.Tx) error { t.Error("ran"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("begun after the end: %v", err)
		}

		ctx, cancel := context.WithCancel(t.Context())
		err = db.Tx(ctx, func(tx *store.Tx) error {
			if err := tx.CreateUser(ctx, newUser("ann")); err != nil {
				t.Error(err)
			}
			cancel()
			return nil
		})
		if err == nil || errors.Is(err, store.ErrUncertain) || db.Stats(t.Context()).Doubtful != 0 {
			t.Errorf("ended before the commit: %v", err)
		}
		if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("rolled back, but: %v", err)
		}
		withUsers(t, db, "ann") // the next one is not disturbed
	})
}

func TestReadEndsWithItsContext(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.UserByID(ended, "ann"); !errors.Is(err, context.Canceled) {
			t.Errorf("one row: %v", err)
		}
		if _, err := db.SessionsOfUser(ended, "ann", time.Time{}, "", 1); !errors.Is(err, context.Canceled) {
			t.Errorf("list: %v", err)
		}
		late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer cancel()
		if _, err := db.UserByID(late, "ann"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("too late: %v", err)
		}
	})
}

// Readers continue while a transaction is open, and writers queue.
func TestManyReadersAndWritersAtOnce(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 5 {
					id := fmt.Sprint(i, "-", j)
					err := db.Tx(t.Context(), func(tx *store.Tx) error {
						return tx.CreateSession(t.Context(), session(id, "ann", at(i), at(j)))
					})
					if err != nil {
						t.Errorf("write %s: %v", id, err)
					}
					if in, err := db.SessionByTokenHash(t.Context(), []byte("token of "+id)); err != nil || in.Session.ID != id {
						t.Errorf("read what was just written: %+v, %v", in, err)
					}
				}
			})
		}
		wg.Wait()
		if list, err := db.SessionsOfUser(t.Context(), "ann", time.Time{}, "", 100); err != nil || len(list) != 8*5 {
			t.Errorf("%d sessions, %v", len(list), err)
		}
	})
}

// A pool that cannot write is what keeps queries outside of [store.DB.Tx] from writing.
func TestReadersCannotWrite(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		if err := store.ExecReader(t.Context(), db, "DELETE FROM users"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}
