package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What is particular to SQLite stands in this file and in migrations/sqlite.

const driverName = "sqlite"

// How long, in milliseconds, SQLite itself waits for a lock that another process
// holds. The writer asks again until its patience ends, see [DB.Tx]; in between it
// gives the connection to others who wait for it. Readers wait for nobody but one
// who opens or closes the database.
const (
	writerTimeout = "busy_timeout(100)"
	readerTimeout = "busy_timeout(5000)"
)

// writerDSN: a write-ahead log, so that readers never wait for the writer, and
// synchronous=FULL, so that a commit has reached the disk when it returns
// (https://sqlite.org/pragma.html#pragma_synchronous). Transactions take the
// write lock when they begin: one that reads first can then not fail half-way.
func writerDSN(path string) string {
	return dsn(path, "immediate", writerTimeout, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)")
}

// readerDSN: query_only makes a write through the pool of readers an error.
func readerDSN(path string) string {
	return dsn(path, "deferred", readerTimeout, "query_only(1)")
}

func dsn(path, lock string, pragmas ...string) string {
	return address(path, url.Values{"_pragma": pragmas, "_txlock": {lock}})
}

// readOnlyDSN: SQLite looks at the file as it is and takes no locks if it is told that
// nobody changes it (https://sqlite.org/uri.html#uriimmutable).
func readOnlyDSN(path string, immutable bool) string {
	v := url.Values{"_pragma": {readerTimeout}, "mode": {"ro"}}
	if immutable {
		v.Set("immutable", "1")
	}
	return address(path, v)
}

func address(path string, v url.Values) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.Clean(path)}).EscapedPath()}
	u.RawQuery = v.Encode()
	return u.String()
}

// maxReaders: reads are short and in memory, so few more than the cores help.
func maxReaders() int { return max(4, 2*runtime.NumCPU()) }

// classify gives a driver's error its meaning, by code and never by its text.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case sqlite3.SQLITE_IOERR_SHMSIZE: // the index of the log cannot be made as large as it has to be
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	switch primary(e) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case sqlite3.SQLITE_INTERRUPT:
		return fmt.Errorf("%w: %w", context.Canceled, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// isBusy tells whether a transaction that failed so may be tried again.
func isBusy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (primary(e) == sqlite3.SQLITE_BUSY || primary(e) == sqlite3.SQLITE_LOCKED)
}

// isSenseless tells whether SQLite cannot make sense of a statement: if the statement
// is right, a table or a column of it is not there, or is another.
func isSenseless(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && primary(e) == sqlite3.SQLITE_ERROR
}

// primary is the result code without its extension (https://sqlite.org/rescode.html).
func primary(e *sqlite.Error) int { return e.Code() & 0xff }
