// Package store is Cardea's SQL: what is kept about people, their sessions and
// their pictures, and nothing about the rules for it.
//
// There is one file a table (user.go, session.go, picture.go, orphan.go, …); whole.go has what operators do to all of it. Queries
// that only read are methods of reads, which both [DB] and [Tx] embed; queries
// that write are methods of [Tx] alone, so that every write happens inside
// [DB.Tx]. SQL is written once, in the subset that SQLite and PostgreSQL share;
// dialect.go holds what differs.
//
// Every method that can fail returns one of the errors below, or an error that
// wraps the driver's.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"sync/atomic"
	"time"
)

var (
	// ErrNotFound: no such row, or a row that a new one refers to is gone.
	ErrNotFound = errors.New("store: not found")
	// ErrDuplicate: a unique value is taken.
	ErrDuplicate = errors.New("store: duplicate")
	// ErrUnavailable: the database cannot be read or written at the moment
	// (locked too long, input/output error, read-only).
	ErrUnavailable = errors.New("store: database unavailable")
	// ErrDamaged: the file is not, or no longer, what a database has to be. Its text
	// is for operators.
	ErrDamaged = errors.New("the database is damaged; stop the server and restore a backup")
	// ErrFull: the disk below the database is full.
	ErrFull = errors.New("store: no space left for the database")
)

// reads holds the queries that change nothing.
type reads struct{ q querier }

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is an open database: one connection that writes and a pool that reads.
// Its methods may be called from any goroutine.
type DB struct {
	reads
	path    string
	reader  *sql.DB
	writer  *sql.DB
	changes changes
	// lastWrite is what NoticeOthers saw.
	lastWrite atomic.Pointer[lastWrite]
	// unwritable is whether a write failed for want of space or of the disk, and
	// none has been seen to work since.
	unwritable atomic.Bool
}

// Tx is a transaction, see [DB.Tx].
type Tx struct {
	reads
	changed []string // ids of people
}

// Open opens the SQLite file at path, creates it when it is missing (readable by
// its owner only), and brings its tables up to date.
func Open(ctx context.Context, path string) (*DB, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	return open(ctx, path, migrate)
}

// OpenExisting opens a database that is there and up to date, and changes nothing
// about it: for commands, which may run beside a server. Errors: those of the file
// system when it is missing; [ErrOlder] and [ErrNewer].
func OpenExisting(ctx context.Context, path string) (*DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	return open(ctx, path, checkMigrated)
}

func open(ctx context.Context, path string, prepare func(ctx context.Context, db *sql.DB, path string) error) (*DB, error) {
	writer, err := sql.Open(driverName, writerDSN(path))
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time; queueing here is fairer than its busy handler.
	writer.SetMaxOpenConns(1)
	writer.SetConnMaxIdleTime(0)
	if err := prepare(ctx, writer, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), writer.Close())
	}
	reader, err := sql.Open(driverName, readerDSN(path))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(maxReaders())
	reader.SetMaxIdleConns(maxReaders())
	return &DB{
		reads: reads{q: &prepared{db: reader}}, path: path, reader: reader, writer: writer,
		changes: changes{seed: maphash.MakeSeed()},
	}, nil
}

// createPrivate makes the database file before SQLite does, because SQLite would
// make it readable by everyone; its side files inherit the mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	return f.Close()
}

// Close waits for what is running and closes the database.
func (db *DB) Close() error {
	return errors.Join(db.reader.Close(), db.writer.Close())
}

// Ping tells whether the database answers a query and, if a write failed
// for want of space or of a disk that takes it, whether it can be written again.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	err := classify(db.q.QueryRowContext(ctx, `SELECT 1 FROM migrations LIMIT 1`).Scan(&one))
	if err != nil || !db.unwritable.Load() {
		return err
	}
	err = db.Tx(ctx, func(tx *Tx) error {
		// An update that changes nothing would write nothing.
		probe := Try{ID: "ping", Counter: []byte("ping"), At: time.Unix(0, 0)}
		if err := tx.AddTry(ctx, probe); err != nil {
			return err
		}
		return tx.DeleteTry(ctx, probe.ID)
	})
	if err == nil {
		db.unwritable.Store(false) // only here: most transactions that succeed now had nothing to write
	}
	return err
}

// Stats are figures about the database.
type Stats struct {
	Bytes       int64 // of the file and its write-ahead log
	ReadersBusy int
	WriteWaits  int64 // transactions that had to wait for another, since Open
	WriteWaited time.Duration
}

// Stats returns the figures of this moment.
func (db *DB) Stats() Stats {
	writer := db.writer.Stats()
	stats := Stats{ReadersBusy: db.reader.Stats().InUse, WriteWaits: writer.WaitCount, WriteWaited: writer.WaitDuration}
	for _, path := range []string{db.path, db.path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			stats.Bytes += info.Size()
		}
	}
	return stats
}

// txAttempts bounds how often Tx tries again when the database was busy.
const txAttempts = 3

// Tx runs f in one transaction and commits it when f returns nil; otherwise
// nothing of it remains. f may run more than once, when the database was busy,
// so it must change nothing outside the transaction before it is sure to
// succeed. A commit that Tx reports as done is on the disk.
func (db *DB) Tx(ctx context.Context, f func(*Tx) error) error {
	var err error
	for range txAttempts {
		if err = db.tx(ctx, f); !isBusy(err) {
			return db.noted(err)
		}
	}
	return classify(err)
}

// noted remembers for Ping that writing did not work.
func (db *DB) noted(err error) error {
	if errors.Is(err, ErrFull) || errors.Is(err, ErrUnavailable) {
		db.unwritable.Store(true)
	}
	return err
}

func (db *DB) tx(ctx context.Context, f func(*Tx) error) error {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }() // also when f panics; does nothing after a commit
	work := &Tx{reads: reads{tx}}
	if err := f(work); err != nil {
		return err
	}
	return classify(db.changes.committing(work.changed, tx.Commit))
}

// exec runs a statement and returns how many rows it changed.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := tx.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, classify(err)
	}
	n, err := res.RowsAffected()
	return n, classify(err)
}

// execOne is exec for a statement that must change a row: [ErrNotFound] if none.
func (tx *Tx) execOne(ctx context.Context, query string, args ...any) error {
	n, err := tx.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// firstColumn lists the texts in the only column of a query's rows.
func (r reads) firstColumn(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := r.q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, classify(err)
		}
		list = append(list, s)
	}
	return list, classify(rows.Err())
}

// Times are kept as microseconds since 1970, which both databases index and
// compare as plain integers.

func micros(t time.Time) int64 { return t.UnixMicro() }

// instant scans a column of microseconds into a time in UTC.
type instant struct{ t *time.Time }

func (i instant) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("store: time column holds %T", src)
	}
	*i.t = time.UnixMicro(us).UTC()
	return nil
}
