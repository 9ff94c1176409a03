package sqlite

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cardea-accounts/cardea/internal/store"
)

// release returns this release's migrations and some more.
func release(t *testing.T, more fstest.MapFS) fstest.MapFS {
	t.Helper()
	files := maps.Clone(more)
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = &fstest.MapFile{Data: text}
	}
	return files
}

// applied lists the migrations that a database says were applied, as a line each.
func applied(t *testing.T, path string) []string {
	t.Helper()
	return texts(t, path, "SELECT version || ' ' || name || ' ' || checksum || ' ' || applied_at FROM migrations ORDER BY version")
}

func copies(t *testing.T, path string) []string {
	t.Helper()
	list, err := filepath.Glob(path + ".before-*")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// An upgrade applies what is missing, keeps the data, and keeps a copy from before it.
func TestUpgrade(t *testing.T) {
	path := closed(t)
	next := release(t, fstest.MapFS{
		"9001_more.sql":  {Data: []byte("CREATE TABLE more (n INTEGER); INSERT INTO more VALUES (1); INSERT INTO more VALUES (2);")},
		"9002_again.sql": {Data: []byte("INSERT INTO more SELECT sum(n) FROM more")},
	})
	for range 2 { // the second time there is nothing to do
		db, err := openWith(t, path, next)
		wantUser(t, untilTheEnd(t, db, err), "ann")
	}
	if got := texts(t, path, "SELECT sum(n) FROM more"); got[0] != "6" {
		t.Errorf("got %v", got)
	}
	if got := applied(t, path); len(got) != len(next) {
		t.Errorf("migrations: %v", got)
	}
	list := copies(t, path)
	if len(list) != 1 {
		t.Fatalf("copies: %v", list)
	}
	if info, err := os.Stat(list[0]); err != nil || info.Mode() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	wantUser(t, opened(t, list[0]), "ann") // this release can open it
	if got := applied(t, list[0]); len(got) != 1 {
		t.Errorf("the copy was migrated: %v", got)
	}
}

// Only the last three copies are kept. Without an upgrade there is none.
func TestCopiesBeforeUpgrades(t *testing.T) {
	path := closed(t)
	if list := copies(t, path); len(list) != 0 {
		t.Errorf("a new database has copies: %v", list)
	}
	for _, name := range []string{"20240101T000000Z", "20250101T000000Z", "20260101T000000Z", "20260201T000000Z"} {
		if err := os.WriteFile(path+".before-"+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		db, err := openWith(t, path, release(t, fstest.MapFS{"9001_more.sql": {Data: []byte("CREATE TABLE more (n INTEGER)")}}))
		untilTheEnd(t, db, err)
		list := copies(t, path)
		if len(list) != 3 || list[0] != path+".before-20260101T000000Z" || list[1] != path+".before-20260201T000000Z" {
			t.Errorf("copies: %v", list)
		}
	}
}

func TestFailingUpgradeChangesNothing(t *testing.T) {
	path := closed(t)
	before := applied(t, path)
	for what, more := range map[string]fstest.MapFS{
		"9002_bad": {
			"9001_good.sql": {Data: []byte("CREATE TABLE more (n INTEGER)")},
			"9002_bad.sql":  {Data: []byte("INSERT INTO more VALUES (1); INSERT INTO missing VALUES (1)")},
		},
		"9001_b": { // the number of another one
			"9001_a.sql": {Data: []byte("CREATE TABLE more (n INTEGER)")},
			"9001_b.sql": {Data: []byte("CREATE TABLE b (n INTEGER)")},
		},
	} {
		if _, err := openWith(t, path, release(t, more)); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
		if after := applied(t, path); !slices.Equal(before, after) {
			t.Errorf("%s: changed from %v to %v", what, before, after)
		}
		if left := texts(t, path, "SELECT name FROM sqlite_schema WHERE name = 'more'"); len(left) > 0 {
			t.Errorf("%s: the first step is still there", what)
		}
	}
	wantUser(t, opened(t, path), "ann")
}

func TestDatabaseOfANewerReleaseIsRefused(t *testing.T) {
	path := closed(t)
	run(t, path, "INSERT INTO migrations (version, name, checksum, applied_at) VALUES (9999, 'future', 'sum', 0)")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), path)
	if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed (%v)", err)
	}
}

func TestChangedMigrationIsRefused(t *testing.T) {
	path := closed(t)
	run(t, path, "UPDATE migrations SET checksum = 'of another text' WHERE version = 1")
	_, err := Open(t.Context(), path)
	if err == nil || errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "0001_accounts") {
		t.Errorf("got %v", err)
	}
}

// OpenExisting neither makes a database nor changes one.
func TestOpenExisting(t *testing.T) {
	missing := newPath(t)
	if _, err := OpenExisting(t.Context(), missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("it was made")
	}
	for statement, want := range map[string]error{
		"":                       nil,
		"DROP TABLE sessions":    nil, // is for Damages to find
		"DELETE FROM migrations": store.ErrOlder,
		"INSERT INTO migrations VALUES (9999, 'later', '', 0)": store.ErrNewer,
	} {
		path := closed(t)
		run(t, path, statement)
		before := applied(t, path)
		db, err := OpenExisting(t.Context(), path)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", statement, err)
		}
		if err == nil {
			_ = db.Close()
		}
		if after := applied(t, path); !slices.Equal(before, after) {
			t.Errorf("%s: changed from %v to %v", statement, before, after)
		}
	}
	for what, statement := range map[string]string{"another checksum": "UPDATE migrations SET checksum = 'other'", "no table": "DROP TABLE migrations"} {
		path := closed(t)
		run(t, path, statement)
		if _, err := OpenExisting(t.Context(), path); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

// Upgrades that were interrupted leave unfinished copies. The next start removes them.
func TestUnfinishedCopiesAreRemoved(t *testing.T) {
	for name, more := range map[string]fstest.MapFS{
		"an upgrade":   {"9001_more.sql": {Data: []byte("CREATE TABLE more (n INTEGER)")}},
		"only a start": {},
	} {
		path := closed(t)
		for _, suffix := range []string{".before-20260101T000000Z.tmp", ".before-20260101T000000Z.tmp-journal", ".before-20250101T000000Z"} {
			if err := os.WriteFile(path+suffix, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var db *store.DB
		var err error
		if len(more) > 0 {
			db, err = openWith(t, path, release(t, more))
		} else {
			db, err = Open(t.Context(), path)
		}
		untilTheEnd(t, db, err)
		if left := copies(t, path); len(left) != 1+len(more) || slices.ContainsFunc(left, func(c string) bool { return strings.Contains(c, ".tmp") }) {
			t.Errorf("%s: %v", name, left)
		}
	}
}
