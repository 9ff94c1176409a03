package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestTxKeepsNothingWhenItFails(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		refusal := errors.New("refused")
		wantError(t, db, refusal, func(tx *Tx) error {
			if err := tx.CreateUser(t.Context(), person("ann")); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.UserByID(t.Context(), "ann"); err != nil {
				t.Errorf("a transaction does not see what it wrote: %v", err)
			}
			if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, ErrNotFound) {
				t.Errorf("others see what is not committed: %v", err)
			}
			return refusal
		})
		if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, ErrNotFound) {
			t.Errorf("rolled back, but: %v", err)
		}
		withPeople(t, db, "ann") // the next one is not disturbed
	})
}

// A panic passes through, as one in any function does, but leaves nothing behind
// and does not stop the next writer.
func TestTxFreesTheWriterWhenItPanics(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		func() {
			defer func() {
				if got := recover(); got != "oops" {
					t.Errorf("recovered %v", got)
				}
			}()
			_ = db.Tx(context.Background(), func(tx *Tx) error {
				if err := tx.CreateUser(t.Context(), person("ann")); err != nil {
					t.Error(err)
				}
				panic("oops")
			})
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := db.Tx(ctx, func(tx *Tx) error { return tx.CreateUser(ctx, person("ann")) }); err != nil {
			t.Errorf("the next transaction: %v", err)
		}
	})
}

func TestTxEndsWithItsContext(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		err := db.Tx(ended, func(*Tx) error { t.Error("ran"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("begun after the end: %v", err)
		}

		ctx, cancel := context.WithCancel(t.Context())
		err = db.Tx(ctx, func(tx *Tx) error {
			if err := tx.CreateUser(ctx, person("ann")); err != nil {
				t.Error(err)
			}
			cancel()
			return nil
		})
		if err == nil {
			t.Error("committed after the end")
		}
		if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, ErrNotFound) {
			t.Errorf("rolled back, but: %v", err)
		}
		withPeople(t, db, "ann") // the next one is not disturbed
	})
}

func TestReadEndsWithItsContext(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.UserByID(ended, "ann"); !errors.Is(err, context.Canceled) {
			t.Errorf("one row: %v", err)
		}
		if _, err := db.SessionsOfUser(ended, "ann", 1); !errors.Is(err, context.Canceled) {
			t.Errorf("list: %v", err)
		}
		late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer cancel()
		if _, err := db.UserByID(late, "ann"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("too late: %v", err)
		}
	})
}

// Readers go on while a transaction is open, and writers queue.
func TestManyReadersAndWritersAtOnce(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withPeople(t, db, "ann")
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 5 {
					id := fmt.Sprint(i, "-", j)
					err := db.Tx(t.Context(), func(tx *Tx) error {
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
		if list, err := db.SessionsOfUser(t.Context(), "ann", 100); err != nil || len(list) != 8*5 {
			t.Errorf("%d sessions, %v", len(list), err)
		}
	})
}

func TestPing(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
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

// The tests below make a real SQLite fail in the ways it can.

// lockedElsewhere opens a second connection to the database that takes the write
// lock, as another process would, and makes db impatient.
func lockedElsewhere(t *testing.T, db *DB, path string) (unlock func()) {
	t.Helper()
	db.patience = 150 * time.Millisecond // more than SQLite waits at a time
	other, err := sql.Open(driverName, writerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// However many wait, each fails in its own time, those who look for others' changes
// too; readers go on; whether the database can be written is known; and all is well
// as soon as the lock is gone.
func TestLockHeldElsewhereIsAnOutage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	db := openFile(t, path)
	unlock := lockedElsewhere(t, db, path)
	var waiters sync.WaitGroup
	for range 8 {
		waiters.Go(func() {
			begun := time.Now()
			wantError(t, db, ErrUnavailable, func(*Tx) error { t.Error("ran without the lock"); return nil })
			if took := time.Since(begun); took < db.patience || took > 2*db.patience+time.Second {
				t.Errorf("failed after %v, patience is %v", took, db.patience)
			}
		})
		waiters.Go(func() {
			if err := db.NoticeOthers(t.Context()); err != nil && !errors.Is(err, ErrUnavailable) {
				t.Errorf("looking for others' changes: %v", err)
			}
		})
	}
	waiters.Wait()
	if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, ErrNotFound) {
		t.Errorf("readers are held up too: %v", err)
	}
	if err := db.Ping(t.Context()); !errors.Is(err, ErrUnwritable) {
		t.Errorf("it is not known that nothing can be written: %v", err)
	}
	unlock()
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
	withPeople(t, db, "ann")
}

// Nor does a transaction of this process hold up others for longer.
func TestLongTransactionHoldsNobodyUp(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		db.patience = 20 * time.Millisecond
		write(t, db, func(*Tx) error {
			wantError(t, db, ErrUnavailable, func(*Tx) error { t.Error("ran meanwhile"); return nil })
			if err := db.NoticeOthers(t.Context()); !errors.Is(err, ErrUnavailable) {
				t.Errorf("looking for others' changes: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), db.patience/2)
			defer cancel()
			if err := db.Tx(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnavailable) {
				t.Errorf("for somebody who has less time: %v", err)
			}
			return nil
		})
		withPeople(t, db, "ann")
	})
}

// Whoever has no time any more does not wait until the patience ends.
func TestWaitingForALockEndsWithTheContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	db := openFile(t, path)
	unlock := lockedElsewhere(t, db, path)
	defer unlock()
	db.patience = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := db.Tx(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestTxTriesAgainWhenBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	db := openFile(t, path)
	unlock := lockedElsewhere(t, db, path)
	_, busy := db.writer.BeginTx(t.Context(), nil)
	if !isBusy(busy) {
		t.Fatalf("got %v, want a driver's error that says busy", busy)
	}
	unlock()

	const tries = 3
	try := 0
	write(t, db, func(tx *Tx) error {
		if try++; try < tries {
			if err := tx.CreateUser(t.Context(), person(fmt.Sprint("try", try))); err != nil {
				return err
			}
			return fmt.Errorf("wrapped: %w", busy)
		}
		return tx.CreateUser(t.Context(), person("ann"))
	})
	if _, err := db.UserByID(t.Context(), "ann"); try != tries || err != nil {
		t.Errorf("after %d tries: %v", try, err)
	}
	if _, err := db.UserByID(t.Context(), "try1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a try that failed left something: %v", err)
	}
	wantError(t, db, ErrUnavailable, func(*Tx) error { return busy }) // and gives up
}

func TestFullDiskIsTold(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "cardea.db"))
	// SQLite says SQLITE_FULL for this bound as it does for a disk without space.
	if _, err := db.writer.ExecContext(t.Context(), "PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	wantError(t, db, ErrFull, func(tx *Tx) error {
		for i := range 10_000 {
			if err := tx.CreateUser(t.Context(), person(fmt.Sprint("user", i))); err != nil {
				return err
			}
		}
		return nil
	})
	if _, err := db.UserByID(t.Context(), "user0"); !errors.Is(err, ErrNotFound) {
		t.Errorf("rolled back, but: %v", err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "cardea.db"))
	_, err := db.q.ExecContext(t.Context(), "DELETE FROM users")
	if !errors.Is(classify(err), ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestRunningQueryIsInterrupted(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "cardea.db"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var n int
	err := db.q.QueryRowContext(ctx, `WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c`).Scan(&n)
	if err = classify(err); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
