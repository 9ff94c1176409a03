package importer

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// sqliteApp makes the database of an app, and returns its file and what changes it.
func sqliteApp(t *testing.T, mode string) (file string, change func(query string)) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "app.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode("+mode+")")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return file, func(query string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
}

// A database in WAL mode is read in place: as it was when the reading began, and the app goes on
// writing. An empty table user is not that of the users.
func TestSQLiteInPlace(t *testing.T) {
	file, change := sqliteApp(t, "wal")
	change(`CREATE TABLE user (id INTEGER, email TEXT, password TEXT)`)
	change(`CREATE TABLE users (id TEXT, email TEXT, password TEXT)`)
	change(`INSERT INTO users VALUES ('10', 'ten@example.com', 'x'), ('9', 'nine@example.com', 'x')`)
	change(`CREATE TABLE accounts (email TEXT, password TEXT)`)
	change(`CREATE TABLE posts (id INTEGER)`)
	change(`INSERT INTO accounts VALUES ('x', 'x')`)
	noCopy := errors.New("no copy")
	opt := TableOptions{
		Name: "app", Tables: []string{"user", "users"},
		Scratch: func() (string, func() error, error) { return "", nil, noCopy },
	}
	table, err := OpenTable(t.Context(), file, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close() //nolint:errcheck // it was only read
	if got, want := table.Describe().Table, "users (rows: 2); others: user (0), accounts (1)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	change(`INSERT INTO users VALUES ('11', 'eleven@example.com', 'x')`)
	var ids []string
	if err := table.Each(t.Context(), func(row Row) error { ids = append(ids, row.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids, []string{"9", "10"}) {
		t.Errorf("%q", ids)
	}

	file, change = sqliteApp(t, "delete")
	change(`CREATE TABLE user (id INTEGER, email TEXT, password TEXT)`)
	change(`INSERT INTO user VALUES (1, 'one@example.com', 'x')`)
	scratch := t.TempDir()
	copied := opt
	copied.Scratch = func() (string, func() error, error) { return scratch, func() error { return nil }, nil }
	if table, err = OpenTable(t.Context(), file, copied); err != nil {
		t.Fatal(err)
	}
	defer table.Close()                                                //nolint:errcheck // it was only read
	if left, err := os.ReadDir(scratch); len(left) > 0 || err != nil { // nothing stays if the process dies
		t.Errorf("%v, %v", left, err)
	}
	if n, err := table.Count(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := OpenTable(t.Context(), file, opt); !errors.Is(err, noCopy) {
		t.Error(err)
	}
}
