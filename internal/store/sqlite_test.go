package store

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestPragmasInForce(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "cardea.db"))
	for _, c := range []struct {
		pool         *sql.DB
		pragma, want string
	}{
		{db.writer, "journal_mode", "wal"},
		{db.writer, "synchronous", "2"}, // FULL
		{db.writer, "foreign_keys", "1"},
		{db.writer, "query_only", "0"},
		{db.writer, "busy_timeout", "100"},
		{db.reader, "journal_mode", "wal"},
		{db.reader, "query_only", "1"},
		{db.reader, "busy_timeout", "5000"},
	} {
		var got string
		if err := c.pool.QueryRowContext(t.Context(), "PRAGMA "+c.pragma).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s (writer: %v): %s, %v, want %s", c.pragma, c.pool == db.writer, got, err, c.want)
		}
	}
	if n := db.writer.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d writers at once", n)
	}
}

// The path goes to SQLite inside an address, in which many characters mean something.
func TestOddPaths(t *testing.T) {
	t.Chdir(t.TempDir())
	odd := []string{"with spaces", "100%", "%41", "what?", "a#b", "ö", "密码", "a&b=c", "a+b", "a;b", "it's", `"quoted"`, "[1]", "..dots", `back\slash`}
	all := filepath.Join(t.TempDir(), filepath.Join(odd...), "cardea.db")
	paths := []string{
		all, "/" + all, filepath.Join(odd...), "./here/cardea.db", "there/../there/cardea.db",
		"a:b/cardea.db", "file:a/cardea.db", "-dash/cardea.db", "~/cardea.db", "what/cardea.db?mode=memory", "#/cardea.db",
	}
	for _, path := range paths {
		dir := filepath.Dir(path)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		db, err := Open(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		withPeople(t, db, "ann")
		if err := db.Close(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 1 || files[0].Name() != filepath.Base(path) {
			t.Errorf("%s: the folder holds %v, %v", path, files, err)
		}
		if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), "SQLite format 3\x00") {
			t.Errorf("%s holds %.16q, %v", path, text, err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	db := openFile(t, filepath.Join(dir, "cardea.db"))
	withPeople(t, db, "ann")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", file.Name(), info.Mode(), err)
		}
	}
	if len(files) != 3 { // the database, its log and the index of the log
		t.Errorf("files: %v", files)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	text := strings.Repeat("This is somebody's letter, not a database. ", 200)
	if err := os.WriteFile(garbage, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, path := range map[string]string{
		"a file that is no database": garbage,
		"a folder":                   dir,
		"a missing folder":           filepath.Join(dir, "missing", "cardea.db"),
		"no name":                    "",
	} {
		db, err := Open(t.Context(), path)
		if err == nil {
			t.Errorf("%s was opened", what)
			_ = db.Close()
		}
	}
	if left, err := os.ReadFile(garbage); err != nil || string(left) != text {
		t.Errorf("the letter was changed to %.40q…, %v", left, err)
	}
}

func TestReopeningKeepsData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	first := openFile(t, path)
	withPeople(t, first, "ann")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := openFile(t, path)
	if got, err := again.UserByID(t.Context(), "ann"); err != nil || got != person("ann") {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What a process that was killed had committed is there, though nobody closed
// the database.
func TestDataIsThereWithoutClose(t *testing.T) {
	dir := t.TempDir()
	withPeople(t, openFile(t, filepath.Join(dir, "cardea.db")), "ann")
	files := os.DirFS(dir)
	copied := t.TempDir()
	if err := os.CopyFS(copied, files); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(files, "cardea.db-wal"); err != nil {
		t.Fatalf("nothing to recover: %v", err)
	}
	db := openFile(t, filepath.Join(copied, "cardea.db"))
	if got, err := db.UserByID(t.Context(), "ann"); err != nil || got != person("ann") {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestManyOpenANewDatabaseAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	const many = 8
	dbs, errs := make([]*DB, many), make([]error, many)
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() { dbs[i], errs[i] = Open(t.Context(), path) })
	}
	wg.Wait()
	for i, db := range dbs {
		if errs[i] != nil {
			t.Errorf("open %d: %v", i, errs[i])
			continue
		}
		t.Cleanup(func() { _ = db.Close() })
		withPeople(t, db, fmt.Sprint("user", i))
	}
	if dbs[0] == nil {
		return
	}
	if got := applied(t, dbs[0]); len(got) != len(embedded(t)) {
		t.Errorf("migrations: %v", got)
	}
	for i := range many {
		if _, err := dbs[0].UserByID(t.Context(), fmt.Sprint("user", i)); err != nil {
			t.Errorf("user %d: %v", i, err)
		}
	}
}
