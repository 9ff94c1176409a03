package store

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSnapshotIsACopyOfItsMoment(t *testing.T) {
	dir := t.TempDir()
	db := openFile(t, filepath.Join(dir, "cardea.db"))
	withPeople(t, db, "ann", "bob")
	withSessions(t, db, session("s1", "ann", at(1), at(1)))
	write(t, db, func(tx *Tx) error { return tx.SetPicture(t.Context(), picture("ann", "key1")) })
	path := filepath.Join(dir, "it's a copy.db")
	if err := db.Snapshot(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	withPeople(t, db, "late")

	copied, err := OpenExisting(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close() //nolint:errcheck // it was only read
	if got, err := copied.Counts(t.Context()); err != nil || got != (Counts{People: 2, Sessions: 1, Pictures: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
	if n, err := copied.CountFiles(t.Context()); err != nil || n != 3 {
		t.Errorf("%d files, %v", n, err)
	}
	if found, err := copied.Damages(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	if err := db.Snapshot(t.Context(), path); err == nil {
		t.Error("a file that exists was written over")
	}
}

func TestDamagesAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	withPeople(t, db, "ann", "bob")
	ctx := context.Background()
	for _, statement := range []string{`PRAGMA foreign_keys = off`,
		`INSERT INTO sessions VALUES ('s1', x'00', 'nobody', 1, 1, '', '')`, `PRAGMA foreign_keys = on`} {
		if _, err := db.writer.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	found, err := db.Damages(ctx)
	if err != nil || len(found) != 1 || !strings.Contains(found[0], "sessions") || !strings.Contains(found[0], "users") {
		t.Errorf("a session of nobody: %q, %v", found, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte("bob@example.com"), []byte("aaa@example.com")), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err = openFile(t, path).Damages(ctx); err != nil || len(found) == 0 {
		t.Errorf("an index that differs from its table: %q, %v", found, err)
	}
}

func TestOpenExistingMakesAndChangesNothing(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.db")
	if _, err := OpenExisting(t.Context(), missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("it was made")
	}

	path := filepath.Join(dir, "cardea.db")
	db := openFile(t, path)
	last := db.writer
	for statement, want := range map[string]error{
		`INSERT INTO migrations VALUES (9999, 'later', '', 0)`:        ErrNewer,
		`DELETE FROM migrations WHERE version IN (2, 9999)`:           ErrOlder,
		`UPDATE migrations SET checksum = 'other' WHERE version <= 1`: nil, // any error
	} {
		tx, err := last.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenExisting(t.Context(), path); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", statement, err)
		}
		if _, err := last.ExecContext(t.Context(), `DELETE FROM migrations`); err != nil {
			t.Fatal(err)
		}
		fresh, err := readMigrations(migrationFiles, "migrations/sqlite")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fresh {
			if _, err := last.ExecContext(t.Context(), `INSERT INTO migrations VALUES ($1, $2, $3, 0)`, m.version, m.name, m.checksum); err != nil {
				t.Fatal(err)
			}
		}
	}
	again, err := OpenExisting(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}
