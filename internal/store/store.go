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
	// ErrFull: the disk below the database is full. Its text is for operators.
	ErrFull = errors.New("no space is left where the database lies; make room there")
)

// reads holds the queries that change nothing.
type reads struct {
	q       querier
	trouble *trouble // where damage is noted; nil: nowhere
}

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
	trouble   trouble
	patience  time.Duration // of a writer, see [DB.Tx]
	readOnly  bool          // see readonly.go
	unchanged func() error  // asked when it is closed; may be nil
}

// Open opens the SQLite file at path, creates it when it is missing (readable by
// its owner only), and brings its tables up to date.
func Open(ctx context.Context, path string) (*DB, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	return open(ctx, path, writerDSN(path), readerDSN(path), migrate)
}

// OpenExisting opens a database that is there and up to date, and changes nothing
// about it: for commands, which may run beside a server. Errors: those of the file
// system when it is missing; [ErrOlder] and [ErrNewer].
func OpenExisting(ctx context.Context, path string) (*DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if onReadOnlyMedium(path) {
		return openReadOnly(ctx, path)
	}
	return open(ctx, path, writerDSN(path), readerDSN(path), checkMigrated)
}

func open(ctx context.Context, path, writerDSN, readerDSN string, prepare func(ctx context.Context, db *sql.DB, path string) error) (*DB, error) {
	writer, err := sql.Open(driverName, writerDSN)
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time; queueing here is fairer than its busy handler.
	writer.SetMaxOpenConns(1)
	writer.SetConnMaxIdleTime(0)
	if err := prepare(ctx, writer, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), writer.Close())
	}
	reader, err := sql.Open(driverName, readerDSN)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(maxReaders())
	reader.SetMaxIdleConns(maxReaders())
	db := &DB{
		path: path, reader: reader, writer: writer,
		changes: changes{seed: maphash.MakeSeed()}, patience: writerPatience,
	}
	db.reads = reads{&prepared{db: reader}, &db.trouble}
	return db, nil
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
	err := errors.Join(db.reader.Close(), db.writer.Close())
	if db.unchanged != nil {
		err = errors.Join(err, db.unchanged())
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

// firstColumn lists the texts in the only column of a query's rows.
func (r reads) firstColumn(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := r.q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, r.classify(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, r.classify(err)
		}
		list = append(list, s)
	}
	return list, r.classify(rows.Err())
}

// Times are kept as microseconds since 1970, which both databases index and
// compare as plain integers.

func micros(t time.Time) int64 { return t.UnixMicro() }

// instant scans a column of microseconds into a time in UTC.
type instant struct{ t *time.Time }

func (i instant) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("%w: a column of times holds %T", ErrDamaged, src)
	}
	*i.t = time.UnixMicro(us).UTC()
	return nil
}
