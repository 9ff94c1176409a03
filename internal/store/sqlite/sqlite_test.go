package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

func TestPragmasInForce(t *testing.T) {
	path := closed(t)
	e, err := newEngine(path, writerDSN(path), readerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // it was only read
	writer, reader := e.pools.Writer, e.pools.Reader
	for _, c := range []struct {
		pool         *sql.DB
		pragma, want string
	}{
		{writer, "journal_mode", "wal"},
		{writer, "journal_size_limit", "67108864"},
		{writer, "synchronous", "2"}, // FULL
		{writer, "foreign_keys", "1"},
		{writer, "query_only", "0"},
		{writer, "busy_timeout", "100"},
		{reader, "journal_mode", "wal"},
		{reader, "query_only", "1"},
		{reader, "busy_timeout", "2000"},
	} {
		var got string
		if err := c.pool.QueryRowContext(t.Context(), "PRAGMA "+c.pragma).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s (writer: %v): %s, %v, want %s", c.pragma, c.pool == writer, got, err, c.want)
		}
	}
	if n := writer.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d writers at once", n)
	}
}

// The path goes to SQLite inside a URL, where many characters have a meaning.
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
		withUsers(t, db, "ann")
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
	db := opened(t, filepath.Join(dir, "cardea.db"))
	withUsers(t, db, "ann")
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
	text := strings.Repeat("This is a letter, not a database. ", 200)
	if err := os.WriteFile(garbage, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, path := range map[string]string{
		"a file that is not a database": garbage,
		"a folder":                      dir,
		"a missing folder":              filepath.Join(dir, "missing", "cardea.db"),
		"no name":                       "",
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
	path := newPath(t)
	first := opened(t, path)
	withUsers(t, first, "ann")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := opened(t, path)
	wantUser(t, again, "ann")
}

// Commits of a process that was killed are kept, although it did not close the database.
func TestDataIsThereWithoutClose(t *testing.T) {
	dir := t.TempDir()
	withUsers(t, opened(t, filepath.Join(dir, "cardea.db")), "ann")
	files := os.DirFS(dir)
	copied := t.TempDir()
	if err := os.CopyFS(copied, files); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(files, "cardea.db-wal"); err != nil {
		t.Fatalf("nothing to recover: %v", err)
	}
	db := opened(t, filepath.Join(copied, "cardea.db"))
	wantUser(t, db, "ann")
}

func TestManyOpenANewDatabaseAtOnce(t *testing.T) {
	path := newPath(t)
	const many = 8
	dbs, errs := make([]*store.DB, many), make([]error, many)
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
		withUsers(t, db, fmt.Sprint("user", i))
	}
	if dbs[0] == nil {
		return
	}
	if got := applied(t, path); len(got) != 1 {
		t.Errorf("migrations: %v", got)
	}
	for i := range many {
		wantUser(t, dbs[0], fmt.Sprint("user", i))
	}
}

func TestFullDiskIsTold(t *testing.T) {
	path := closed(t)
	e, err := newEngine(path, writerDSN(path), readerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	db, err := e.open(t.Context(), store.Open)
	untilTheEnd(t, db, err)
	// SQLite returns SQLITE_FULL for this bound as it does for a full disk.
	if _, err := e.pools.Writer.ExecContext(t.Context(), "PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range 10_000 {
		ids = append(ids, fmt.Sprint("user", i))
	}
	if err := db.Tx(t.Context(), addUsers(t.Context(), ids...)); !errors.Is(err, store.ErrFull) {
		t.Errorf("got %v", err)
	}
	if _, err := db.UserByID(t.Context(), "user0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("rolled back, but: %v", err)
	}
}

func TestRunningQueryIsInterrupted(t *testing.T) {
	path := closed(t)
	e, err := newEngine(path, writerDSN(path), readerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // it was only read
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var n int
	err = e.pools.Reader.QueryRowContext(ctx, `WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c`).Scan(&n)
	if err = e.Classify(err); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSizeIsThatOfTheFiles(t *testing.T) {
	path := closed(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	db := opened(t, path)
	if got := db.Stats(t.Context()).Bytes; got != info.Size() {
		t.Errorf("%d bytes, want %d", got, info.Size())
	}
	withUsers(t, db, "bob")
	if got := db.Stats(t.Context()).Bytes; got <= info.Size() {
		t.Errorf("%d bytes with a log", got)
	}
}
