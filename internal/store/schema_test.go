package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSchemaIsCompared(t *testing.T) {
	for statement, want := range map[string][]string{
		"ANALYZE":             nil,                                                                              // makes tables of SQLite's own
		"DROP TABLE pictures": {"the index pictures_without_crops is missing", "the table pictures is missing"}, // which goes with it
		"DROP INDEX audit_by_time; DROP INDEX tries_by_time":                           {"the index audit_by_time is missing", "the index tries_by_time is missing"},
		"ALTER TABLE users ADD COLUMN admin INTEGER":                                   {"the table users is not as Cardea makes it"},
		"CREATE TABLE notes (n)":                                                       {"the table notes is none of Cardea's"},
		"CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE users SET name = ''; END": {"the trigger t is none of Cardea's"},
	} {
		path := filepath.Join(t.TempDir(), "cardea.db")
		db := openFile(t, path)
		if _, err := db.writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Damages(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", statement, got, err)
		}
		if got, err := SchemaDifferences(t.Context(), path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s, as a file: %q, %v", statement, got, err)
		}
	}
}

// A database of an earlier release has to be what that release has made.
func TestSchemaOfAnEarlierRelease(t *testing.T) {
	steps := embedded(t)
	for n := range steps {
		path := filepath.Join(t.TempDir(), "cardea.db")
		db, err := sql.Open(driverName, writerDSN(path))
		if err != nil {
			t.Fatal(err)
		}
		err = locked(t.Context(), db, func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(makeMigrationsTable(ctx, tx), applyMissing(ctx, tx, steps[:n+1]))
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := SchemaDifferences(t.Context(), path); err != nil || len(got) > 0 {
			t.Errorf("as of migration %d: %q, %v", n+1, got, err)
		}
		if _, err := db.ExecContext(t.Context(), "DROP TABLE sessions"); err != nil {
			t.Fatal(err)
		}
		if got, err := SchemaDifferences(t.Context(), path); err != nil || !slices.Contains(got, "the table sessions is missing") {
			t.Errorf("as of migration %d, without sessions: %q, %v", n+1, got, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSchemaOfWhatIsNoDatabase(t *testing.T) {
	dir := t.TempDir()
	if _, err := SchemaDifferences(t.Context(), filepath.Join(dir, "missing.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	for name, text := range map[string]string{"empty": "", "garbage": "This is not a database, but somebody's letter to somebody, and long enough not to be taken for an empty one."} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := SchemaDifferences(t.Context(), path); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
