package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

// readThere opens a database for reading. It fails the test unless ann is in it.
func readThere(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := openReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	wantUser(t, db, "ann")
	if err := db.Snapshot(t.Context(), filepath.Join(t.TempDir(), "copy.db")); err != nil {
		t.Error(err)
	}
	err = db.Tx(t.Context(), func(tx *store.Tx) error { return tx.DeleteUser(t.Context(), "ann") })
	if !errors.Is(err, store.ErrUnavailable) || !db.ReadOnly() {
		t.Errorf("it can be written: %v", err)
	}
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

// A server that can write to the file system may start while it is read.
func TestReadOnlyTellsOfAServerThatBegan(t *testing.T) {
	for what, end := range map[string]func(*store.DB) error{
		"and continues": func(*store.DB) error { return nil },
		"and ended":     (*store.DB).Close,
	} {
		path := closed(t)
		db := readThere(t, path)
		server, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		withUsers(t, server, "bob")
		if err := end(server); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err == nil || !strings.Contains(err.Error(), "meanwhile") {
			t.Errorf("%s: %v", what, err)
		}
		_ = server.Close()
	}
}

// Changes that a server has not yet written to the file itself are read from its log.
func TestReadOnlyWithAServerRunning(t *testing.T) {
	path := newPath(t)
	server := opened(t, path)
	withUsers(t, server, "ann")
	db := readThere(t, path)
	withUsers(t, server, "bob")
	wantUser(t, db, "bob") // was written meanwhile
	if err := db.Close(); err != nil {
		t.Error(err)
	}

	copied := newPath(t)
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
