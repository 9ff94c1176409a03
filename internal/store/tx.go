package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// writerPatience bounds how long a transaction waits until it begins: longer is no
// use to whoever asked, and the server has to be able to stop meanwhile.
const writerPatience = 5 * time.Second

// Tx is a transaction, see [DB.Tx].
type Tx struct {
	reads
	changed []string // ids of people
}

// Tx runs f in one transaction and commits it when f returns nil; otherwise
// nothing of it remains. f may run more than once, when the database was busy,
// so it must change nothing outside the transaction before it is sure to
// succeed. A commit that Tx reports as done is on the disk.
//
// Waiting for the transactions of this process and for a lock that another one holds
// takes 5 seconds at most, both together; then it fails with [ErrUnavailable].
func (db *DB) Tx(ctx context.Context, f func(*Tx) error) error {
	if db.readOnly {
		return fmt.Errorf("%w: its file system is read-only here; run this where it can be written", ErrUnavailable)
	}
	return db.trouble.noteWrite(db.tx(ctx, db.patience, f))
}

func (db *DB) tx(ctx context.Context, patience time.Duration, f func(*Tx) error) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := db.tryTx(ctx, waiting, f); !isBusy(err) { // once waiting is done it is not
			return err
		}
	}
}

// tryTx fails when waiting is done before the transaction has begun; from then on
// only ctx counts.
func (db *DB) tryTx(ctx, waiting context.Context, f func(*Tx) error) error {
	conn, err := db.writerConn(ctx, waiting)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }() // also when f panics; does nothing after a commit
	work := &Tx{reads: reads{tx, &db.trouble}}
	if err := f(work); err != nil {
		return err
	}
	return classify(db.changes.committing(work.changed, tx.Commit))
}

// writerConn takes the one connection that writes, and waits for it no longer than
// waiting, which ends before ctx or with it.
func (db *DB) writerConn(ctx, waiting context.Context) (*sql.Conn, error) {
	conn, err := db.writer.Conn(waiting)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%w: too many wait to write to it, or another process keeps it locked", ErrUnavailable)
	}
	return conn, classify(err)
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
