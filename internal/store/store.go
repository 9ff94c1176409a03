// Package store holds Cardea's queries: what is kept about users, their sessions and
// their pictures. It knows no rules.
//
// There is one file for each table (user.go, session.go, picture.go, …); whole.go has
// what concerns the whole database. Queries that only read are methods of reads, which
// both [DB] and [Tx] embed. Queries that write are methods of [Tx] alone, so every write
// happens inside [DB.Tx] or [DB.Alone]. The SQL is written once, in the subset that SQLite and
// PostgreSQL share. An [Engine] holds what differs; store/sqlite and store/postgres
// are the two.
//
// Methods return one of the errors below, or an error that wraps the driver's.
package store

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"
)

var (
	// ErrNotFound: the row does not exist, or a row that a new one refers to does not.
	ErrNotFound = errors.New("store: not found")
	// ErrDuplicate: a unique value is taken.
	ErrDuplicate = errors.New("store: duplicate")
	// ErrUnavailable: the database cannot be read or written at the moment: locked too
	// long, input/output error, read-only.
	ErrUnavailable = errors.New("store: database unavailable")
	// ErrDamaged: the file is not a valid database. Operators read its text.
	ErrDamaged = errors.New("the database is damaged; stop the server and restore a backup")
	// ErrFull: the disk of the database is full. Operators read its text.
	ErrFull = errors.New("no space is left on the disk of the database; free some")
)

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	reads
	pools    Pools
	changes  *changes
	health   health
	patience time.Duration // of a writer, see [DB.Tx]
	patient  *patient      // what reads go through

	repeated, doubtful atomic.Int64 // see Stats
}

// reads holds the queries that change nothing.
type reads struct {
	q      querier
	engine Engine
	health *health // notes damage; nil: not noted
}

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Close waits for running queries and closes the database.
func (db *DB) Close() error { return db.engine.Close() }

// ReadOnly reports whether the database cannot be written, because it is on a
// read-only file system.
func (db *DB) ReadOnly() bool { return db.pools.ReadOnly }

// Stats are figures about the database.
type Stats struct {
	Bytes        int64 // on the disk; 0: not known at the moment
	Write, Read  Pool
	WriteWaits   int64 // transactions that waited for another, since Open
	WriteWaited  time.Duration
	Repeated     int64 // transactions that failed and were tried again, however often, since Open
	RepeatedRead int64 // reads, likewise
	Doubtful     int64 // commits without an answer
}

// Pool are the connections of a pool.
type Pool struct{ Open, Busy, Most int }

// Stats returns the figures of this moment.
func (db *DB) Stats(ctx context.Context) Stats {
	writer, reader := db.pools.Writer.Stats(), db.pools.Reader.Stats()
	return Stats{
		Bytes: db.engine.Size(ctx),
		Write: Pool{writer.OpenConnections, writer.InUse, writer.MaxOpenConnections},
		Read:  Pool{reader.OpenConnections, reader.InUse, reader.MaxOpenConnections},

		WriteWaits: writer.WaitCount, WriteWaited: writer.WaitDuration,
		Repeated: db.repeated.Load(), RepeatedRead: db.patient.repeated.Load(), Doubtful: db.doubtful.Load(),
	}
}

// readAll returns all rows of a query. fields lists where the columns of a row go.
func readAll[T any](ctx context.Context, r reads, fields func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := r.q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, r.classify(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var row T
		if err := rows.Scan(fields(&row)...); err != nil {
			return nil, r.classify(err)
		}
		all = append(all, row)
	}
	return all, r.classify(rows.Err())
}

// column is what [readAll] needs for rows of one column.
func column[T any](row *T) []any { return []any{row} }
