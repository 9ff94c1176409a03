package store

import (
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
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page, untouched = 4096, 2 // the first two have the schema and the migrations
	for i := untouched * page; i < len(content); i++ {
		content[i] ^= 0xff
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
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
