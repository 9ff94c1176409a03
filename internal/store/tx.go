package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// writerPatience bounds how long a transaction waits before it begins. By then the
// caller has given up, and the server must be able to stop.
const writerPatience = 5 * time.Second

// lookAgain is how often transactions that have to run again look for a pause.
const lookAgain = 50 * time.Millisecond

// Tx is a transaction, see [DB.Tx].
type Tx struct {
	reads
	changed []string // ids of users
}

// Tx runs f in one transaction. It commits when f returns nil, and rolls back
// otherwise. A commit that Tx reports as done is on the disk.
//
// When another transaction gets in the way, f runs again. So a variable that f sets
// outside the transaction must be set again by a second run.
//
// Tx waits at most 5 seconds for transactions of this process and for locks of others;
// then it fails with [ErrUnavailable]. During a pause it fails at once, with [ErrPaused].
// After an error nothing has changed, unless it is [ErrUncertain].
func (db *DB) Tx(ctx context.Context, f func(*Tx) error) error { return db.write(ctx, db.attemptTx, f) }

// Alone is [DB.Tx] for an f that runs a single statement, which is a transaction by itself. On a
// server, that saves the round trips that begin and end one. The statement may run again although
// it has taken place, so a second run must change nothing. It must change nothing that is cached.
func (db *DB) Alone(ctx context.Context, f func(*Tx) error) error {
	return db.write(ctx, db.attemptAlone, f)
}

// attempt runs f once, see attemptTx.
type attempt func(ctx, waiting context.Context, f func(*Tx) error) error

func (db *DB) write(ctx context.Context, attempt attempt, f func(*Tx) error) error {
	if db.pools.ReadOnly {
		return fmt.Errorf("%w: it is read-only here; run this where it can be written", ErrUnavailable)
	}
	if gone := db.health.gone.Load(); gone != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, *gone)
	}
	if err := db.refusePaused(ctx, watchTrust); err != nil {
		return err
	}
	return db.health.noteWrite(db.repeat(ctx, db.patience, attempt, f))
}

func (db *DB) repeat(ctx context.Context, patience time.Duration, attempt attempt, f func(*Tx) error) error {
	defer measureWait(ctx)()
	waiting, cancel := context.WithTimeout(ctx, min(patience, Left(ctx)))
	defer cancel()
	for hasFailed, pause := false, leastPause; ; hasFailed, pause = true, min(2*pause, mostPause) {
		err := attempt(ctx, waiting, f)
		if err == nil || !db.mayRunAgain(err) {
			return err
		}
		if !hasFailed {
			db.repeated.Add(1)
		}
		if err := db.refusePaused(waiting, lookAgain); err != nil {
			return err
		}
		if wait(waiting, pause); waiting.Err() != nil {
			return cmp.Or(ctx.Err(), classify(db.engine, err))
		}
	}
}

// mayRunAgain reports whether a transaction that failed has changed nothing, and may succeed now.
func (db *DB) mayRunAgain(err error) bool {
	return !errors.Is(err, ErrUncertain) && db.engine.IsRetryable(err)
}

// commitError classifies the error of a commit, and notes whether it leaves open if the commit takes
// place.
func (db *DB) commitError(err error) error {
	err = classify(db.engine, err)
	if db.engine.IsRefused(err) {
		return err
	}
	db.doubtful.Add(1)
	db.engine.Doubt()
	return uncertain{err}
}

// uncertain makes any error an [ErrUncertain].
type uncertain struct{ error }

func (u uncertain) Unwrap() error { return u.error }

func (uncertain) Is(target error) bool { return target == ErrUncertain } //nolint:errorlint // what [errors.Is] looks for

// attemptTx fails when waiting is done before the transaction has begun; from then on
// only ctx counts.
func (db *DB) attemptTx(ctx, waiting context.Context, f func(*Tx) error) error {
	conn, err := db.writerConn(ctx, waiting)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it returns to the pool
	if db.health.paused.Load() {
		return ErrPaused
	}
	tx, err := conn.BeginTx(ctx, db.engine.TxOptions())
	if err != nil {
		return classify(db.engine, err)
	}
	defer func() { _ = tx.Rollback() }() // also when f panics; does nothing after a commit
	work := &Tx{reads: reads{tx, db.engine, &db.health}}
	if err := f(work); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err // it rolls back for certain, before the commit
	}
	if err := db.changes.committing(work.changed, tx.Commit); err != nil {
		return db.commitError(err)
	}
	return nil
}

// attemptAlone is attemptTx without a transaction around f.
func (db *DB) attemptAlone(ctx, waiting context.Context, f func(*Tx) error) error {
	conn, err := db.writerConn(ctx, waiting)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it returns to the pool
	if db.health.paused.Load() {
		return ErrPaused
	}
	return f(&Tx{reads: reads{conn, db.engine, &db.health}})
}

// writerConn takes a connection that writes. It waits for one no longer than waiting,
// which ends before ctx or with it.
func (db *DB) writerConn(ctx, waiting context.Context) (*sql.Conn, error) {
	conn, err := db.pools.Writer.Conn(waiting)
	return conn, db.meaning(ctx, waiting, err)
}

// meaning classifies an error. If only waiting has ended, not ctx, it is an [ErrUnavailable] with the
// likely reasons.
func (db *DB) meaning(ctx, waiting context.Context, err error) error {
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: too many writers are waiting, another process holds the lock, or the database does not answer", ErrUnavailable)
	}
	return classify(db.engine, err)
}

// exec runs a statement and returns how many rows it changed.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := tx.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, tx.classify(err)
	}
	n, err := res.RowsAffected()
	return n, tx.classify(err)
}

// execOne is exec for a statement that must change a row: [ErrNotFound] if none.
func (tx *Tx) execOne(ctx context.Context, query string, args ...any) error {
	n, err := tx.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
