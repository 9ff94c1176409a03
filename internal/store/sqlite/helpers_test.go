package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/cardea-accounts/cardea/internal/store"
)

// newPath returns where a database can be made.
func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "cardea.db") }

// opened opens a database file until the test ends.
func opened(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	return untilTheEnd(t, db, err)
}

func untilTheEnd(t *testing.T, db *store.DB, err error) *store.DB {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// openWith opens a database file as a release with other migrations would.
func openWith(t *testing.T, path string, files fstest.MapFS) (*store.DB, error) {
	t.Helper()
	e, err := newEngine(path, writerDSN(path), readerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	e.migrations = files
	return e.open(t.Context(), store.Open)
}

// run runs statements on a database file through a connection of its own.
func run(t *testing.T, path string, statements ...string) {
	t.Helper()
	raw(t, path, func(conn *sql.Conn) error {
		var errs []error
		for _, statement := range statements {
			_, err := conn.ExecContext(t.Context(), statement)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

// texts returns the first column of a query on a database file.
func texts(t *testing.T, path, query string) (list []string) {
	t.Helper()
	raw(t, path, func(conn *sql.Conn) error {
		rows, err := conn.QueryContext(t.Context(), query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			list = append(list, text)
		}
		return rows.Err()
	})
	return list
}

func raw(t *testing.T, path string, f func(*sql.Conn) error) {
	t.Helper()
	db, err := sql.Open(driverName, writerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f(conn), conn.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// withUsers adds users of the given ids.
func withUsers(t *testing.T, db *store.DB, ids ...string) {
	t.Helper()
	if err := db.Tx(t.Context(), addUsers(t.Context(), ids...)); err != nil {
		t.Fatal(err)
	}
}

func addUsers(ctx context.Context, ids ...string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		for _, id := range ids {
			if err := tx.CreateUser(ctx, store.User{ID: id, Email: id, EmailKey: id + "@example.com"}); err != nil {
				return err
			}
		}
		return nil
	}
}

// wantUser fails the test unless a database has a user.
func wantUser(t *testing.T, db *store.DB, id string) {
	t.Helper()
	if user, err := db.UserByID(t.Context(), id); err != nil || user.EmailKey != id+"@example.com" {
		t.Errorf("%s: got %+v, %v", id, user, err)
	}
}

// closed makes a database with a user ann that no process has open.
func closed(t *testing.T) (path string) {
	t.Helper()
	path = newPath(t)
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	withUsers(t, db, "ann")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
