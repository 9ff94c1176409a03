package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
)

func TestSchemaIsCompared(t *testing.T) {
	for statement, want := range map[string][]string{
		"ANALYZE":             nil,                                                                              // makes tables of SQLite's own
		"DROP TABLE pictures": {"the index pictures_without_crops is missing", "the table pictures is missing"}, // with its index
		"DROP INDEX audit_by_time; DROP INDEX attempts_by_time":                        {"the index attempts_by_time is missing", "the index audit_by_time is missing"},
		"ALTER TABLE users ADD COLUMN admin INTEGER":                                   {"the table users is not as Cardea makes it"},
		"CREATE TABLE notes (n)":                                                       {"the table notes is not one of Cardea's"},
		"CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE users SET name = ''; END": {"the trigger t is not one of Cardea's"},
	} {
		path := closed(t)
		run(t, path, statement)
		if got, _, err := opened(t, path).Damages(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", statement, got, err)
		}
		if got, err := SchemaDifferences(t.Context(), path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s, as a file: %q, %v", statement, got, err)
		}
	}
}

// A database of an earlier release must be as that release made it.
func TestSchemaOfAnEarlierRelease(t *testing.T) {
	path := closed(t)
	e, err := newEngine(path, writerDSN(path), readerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // it was only read
	e.migrations = release(t, fstest.MapFS{"9001_more.sql": {Data: []byte("CREATE TABLE more (n INTEGER)")}})
	want := []string(nil)
	for _, statement := range []string{"", "DROP INDEX audit_by_time"} {
		run(t, path, statement)
		if got, err := e.schemaDifferences(t.Context(), e.pools.Writer); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", statement, got, err)
		}
		want = []string{"the index audit_by_time is missing"}
	}
}

func TestSchemaOfAFileThatIsNotADatabase(t *testing.T) {
	dir := t.TempDir()
	if _, err := SchemaDifferences(t.Context(), filepath.Join(dir, "missing.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	for name, text := range map[string]string{
		"empty":   "",
		"garbage": "This is a letter, not a database, and it is long enough not to be taken for an empty one by SQLite.",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := SchemaDifferences(t.Context(), path); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
