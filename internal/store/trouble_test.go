package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A table that is not there, or has other columns, is damage: queries say so, and so
// does Ping, until a look finds that all is well again. A query that was not right
// would be found by the other tests.
func TestMissingTablesAreDamage(t *testing.T) {
	for what, lose := range map[string]string{
		"a table":  "DROP TABLE tries",
		"a column": "DROP TABLE tries; CREATE TABLE tries (id TEXT, counter BLOB)",
	} {
		t.Run(what, func(t *testing.T) {
			db := openFile(t, filepath.Join(t.TempDir(), "cardea.db"))
			run := func(statement string) {
				t.Helper()
				if _, err := db.writer.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			run(lose)
			if _, err := db.TriesAfter(t.Context(), []byte("c"), at(0), 1); !errors.Is(err, ErrDamaged) {
				t.Errorf("read: %v", err)
			}
			wantError(t, db, ErrDamaged, func(tx *Tx) error { return tx.AddTry(t.Context(), Try{"t", []byte("c"), at(0)}) })
			if err := db.Ping(t.Context()); !errors.Is(err, ErrDamaged) {
				t.Errorf("ping: %v", err)
			}
			run("DROP TABLE IF EXISTS tries;" + embedded(t)[1].sql) // which is 0002_tries
			if err := db.Ping(t.Context()); !errors.Is(err, ErrDamaged) {
				t.Errorf("it looks again at once: %v", err)
			}
			db.trouble.looked = time.Now().Add(-lookInterval)
			if err := db.Ping(t.Context()); err != nil {
				t.Errorf("all is there again, but: %v", err)
			}
		})
	}
}

// Pages that were written over are met by whoever reads them, and remembered.
func TestDamageIsRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	withPeople(t, db, "ann")
	var users int64
	if err := db.writer.QueryRowContext(t.Context(), `SELECT rootpage FROM sqlite_schema WHERE name = 'users'`).Scan(&users); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xff}, page), (users-1)*page); errors.Join(err, file.Close()) != nil {
		t.Fatal(err)
	}
	db = openFile(t, path)
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("before it is met: %v", err)
	}
	if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, ErrDamaged) {
		t.Errorf("read: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.lookForDamage(ended); !errors.Is(err, ErrDamaged) {
		t.Errorf("a look for somebody who has gone: %v", err)
	}
	for range 2 {
		if err := db.Ping(t.Context()); !errors.Is(err, ErrDamaged) {
			t.Errorf("ping: %v", err)
		}
	}
}
