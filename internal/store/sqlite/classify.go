package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/cardea-accounts/cardea/internal/store"
)

// Classify implements [store.Engine].
func (*engine) Classify(err error) error {
	if meaning := meaningOf(err); meaning != nil && !errors.Is(err, meaning) {
		return fmt.Errorf("%w: %w", meaning, err)
	}
	return err
}

// meaningOf is nil for errors without a meaning to the store.
func meaningOf(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return nil
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return store.ErrDuplicate
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return store.ErrNotFound
	case sqlite3.SQLITE_IOERR_SHMSIZE: // no space to enlarge the index of the log
		return store.ErrFull
	}
	switch primary(e) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return store.ErrDamaged
	case sqlite3.SQLITE_FULL:
		return store.ErrFull
	case sqlite3.SQLITE_INTERRUPT:
		return context.Canceled
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL:
		return store.ErrUnavailable
	}
	return nil
}

// IsRetryable reports whether another connection held a lock.
func (*engine) IsRetryable(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (primary(e) == sqlite3.SQLITE_BUSY || primary(e) == sqlite3.SQLITE_LOCKED)
}

// IsRefused reports the same: a commit that finds the database locked changes nothing.
func (e *engine) IsRefused(err error) bool { return e.IsRetryable(err) }

// Doubt implements [store.Engine]. Whatever became of a commit, the next reading sees it, because
// the memory of its users has been forgotten.
func (*engine) Doubt() {}

// IsSchemaError reports whether SQLite does not understand a statement. The statements
// are right, so a table or column is missing or different.
func (*engine) IsSchemaError(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && primary(e) == sqlite3.SQLITE_ERROR
}

// primary is the result code without its extension (https://sqlite.org/rescode.html).
func primary(e *sqlite.Error) int { return e.Code() & 0xff }
