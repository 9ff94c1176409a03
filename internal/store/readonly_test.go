package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// closed makes a database with a person in it, that nobody has open.
func closed(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "cardea.db")
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	withPeople(t, db, "ann")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// readThere fails the test unless a database that is opened for reading has her, and
// makes no file.
func readThere(t *testing.T, path string) *DB {
	t.Helper()
	db, err := openReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.UserByID(t.Context(), "ann"); err != nil {
		t.Error(err)
	}
	if err := db.Snapshot(t.Context(), filepath.Join(t.TempDir(), "copy.db")); err != nil {
		t.Error(err)
	}
	wantError(t, db, ErrUnavailable, func(tx *Tx) error { return tx.DeleteUser(t.Context(), "ann") })
	return db
}

func TestReadOnlyWithoutAServer(t *testing.T) {
	path := closed(t)
	db := readThere(t, path)
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("files were made: %v, %v", files, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// Whoever can write to the file system may begin to while it is read.
func TestReadOnlyTellsOfAServerThatBegan(t *testing.T) {
	for what, end := range map[string]func(*DB) error{
		"and goes on": func(*DB) error { return nil },
		"and ended":   (*DB).Close,
	} {
		path := closed(t)
		db := readThere(t, path)
		server, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		withPeople(t, server, "bob")
		if err := end(server); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err == nil || !strings.Contains(err.Error(), "meanwhile") {
			t.Errorf("%s: %v", what, err)
		}
		_ = server.Close()
	}
}

// What a server has not yet written to the file itself is read from its log.
func TestReadOnlyBesideAServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	server := openFile(t, path)
	withPeople(t, server, "ann")
	db := readThere(t, path)
	withPeople(t, server, "bob")
	if _, err := db.UserByID(t.Context(), "bob"); err != nil {
		t.Errorf("what was written meanwhile: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}

	copied := filepath.Join(t.TempDir(), "cardea.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openReadOnly(t.Context(), copied); err == nil || !strings.Contains(err.Error(), "copy the data folder") {
		t.Errorf("a log without its index: %v", err)
	}
}
