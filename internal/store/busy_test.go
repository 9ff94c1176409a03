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

// These tests make transactions wait for others.

// Every waiter fails in its own time, and so does a check for others' changes. Readers
// continue. Ping reports that nothing can be written, until the lock is gone.
func TestLockHeldElsewhereIsAnOutage(t *testing.T) {
	t.Parallel()
	address := sqliteEngine.address(t)
	db := sqliteEngine.opened(t, address)
	const patience = 150 * time.Millisecond // more than an engine waits at a time
	store.SetPatience(db, patience)
	unlock, _ := lockSQLite(t, address)
	var waiters sync.WaitGroup
	for range 8 {
		waiters.Go(func() {
			begun := time.Now()
			wantError(t, db, store.ErrUnavailable, func(*store.Tx) error { t.Error("ran without the lock"); return nil })
			if took := time.Since(begun); took < patience || took > 2*patience+time.Second {
				t.Errorf("failed after %v, patience is %v", took, patience)
			}
		})
		waiters.Go(func() {
			if err := db.NoticeOthers(t.Context()); err != nil && !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("noticing others' changes: %v", err)
			}
		})
	}
	waiters.Wait()
	if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("readers wait too: %v", err)
	}
	if err := db.Ping(t.Context()); !errors.Is(err, store.ErrUnwritable) {
		t.Errorf("Ping does not report that nothing can be written: %v", err)
	}
	unlock()
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
	withUsers(t, db, "ann")
}

// A caller whose context ends does not wait until the patience does.
func TestWaitingForALockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	address := sqliteEngine.address(t)
	db := sqliteEngine.opened(t, address)
	unlock, _ := lockSQLite(t, address)
	defer unlock()
	store.SetPatience(db, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := db.Tx(ctx, func(*store.Tx) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestTxRunsAgainAfterAConflict(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		address := e.address(t)
		db := e.opened(t, address)
		store.SetPatience(db, 150*time.Millisecond)
		conflict := e.conflict(t, address)

		const runs = 3
		run := 0
		write(t, db, func(tx *store.Tx) error {
			if run++; run < runs {
				if err := tx.CreateUser(t.Context(), newUser(fmt.Sprint("run", run))); err != nil {
					return err
				}
				return fmt.Errorf("wrapped: %w", conflict)
			}
			return tx.CreateUser(t.Context(), newUser("ann"))
		})
		if _, err := db.UserByID(t.Context(), "ann"); run != runs || err != nil {
			t.Errorf("after %d runs: %v", run, err)
		}
		if n := db.Stats(t.Context()).Repeated; n != 1 {
			t.Errorf("%d transactions ran again", n)
		}
		if _, err := db.UserByID(t.Context(), "run1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a failed run left something: %v", err)
		}
		wantError(t, db, store.ErrUnavailable, func(*store.Tx) error { return conflict }) // and gives up
	})
}
