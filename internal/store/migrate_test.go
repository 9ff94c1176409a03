package store

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// embedded lists the migrations that this release carries.
func embedded(t *testing.T) []migration {
	t.Helper()
	steps, err := readMigrations(migrationFiles, "migrations/sqlite")
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d migrations, %v", len(steps), err)
	}
	return steps
}

// applied lists what the database says was applied, as a line each.
func applied(t *testing.T, db *DB) []string {
	t.Helper()
	rows, err := db.q.QueryContext(t.Context(), "SELECT version, name, checksum, applied_at FROM migrations ORDER BY version")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var version, appliedAt int64
		var name, checksum string
		if err := rows.Scan(&version, &name, &checksum, &appliedAt); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprint(version, name, checksum, appliedAt))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// A migration that was released never changes, since databases made with it would
// no longer open. A new one is added here, with what sha256sum says of it.
func TestReleasedMigrationsStayAsTheyAre(t *testing.T) {
	released := []string{
		"0001_accounts 23add1f0369922fae48b99d1bf45941ee713873dd127af62f241a9456bc8f1d1",
		"0002_tries 77dcd36c295a142392daa1a000028bb867561b89be83974537a8fcea02072a48",
		"0003_audit 6f2c8934bc6a31e9982b5325be5092c6860055781efbaa5ec444744c2134bf38",
		"0004_sessions_in_order df3c19f52e72690aa86be318dcf9de49bef2622ef249b7bf640117578edcdfdf",
		"0005_crops 9551b23e1faea1581fec691d9b701e33c36eddd599fbce4437cbbab62eae1963",
	}
	var got []string
	for _, step := range embedded(t) {
		got = append(got, fmt.Sprintf("%04d_%s %s", step.version, step.name, step.checksum))
	}
	if !slices.Equal(got, released) {
		t.Errorf("got %q, want %q", got, released)
	}
}

func TestReopeningMigratesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	first := applied(t, openFile(t, path))
	again := applied(t, openFile(t, path))
	if !slices.Equal(first, again) || len(first) != len(embedded(t)) {
		t.Errorf("first %v, then %v", first, again)
	}
}

func TestDatabaseOfANewerReleaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	db := openFile(t, path)
	withPeople(t, db, "ann")
	write(t, db, func(tx *Tx) error {
		_, err := tx.exec(t.Context(), "INSERT INTO migrations (version, name, checksum, applied_at) VALUES (9999, 'future', 'sum', 0)")
		return err
	})
	before := applied(t, db)
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if after := applied(t, db); !slices.Equal(before, after) {
		t.Errorf("changed from %v to %v", before, after)
	}
}

func TestChangedMigrationIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	db := openFile(t, path)
	write(t, db, func(tx *Tx) error {
		_, err := tx.exec(t.Context(), "UPDATE migrations SET checksum = 'of another text' WHERE version = 1")
		return err
	})
	_, err := Open(t.Context(), path)
	if err == nil || errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "0001_accounts") {
		t.Errorf("got %v", err)
	}
}

// migrateTo applies the given files to a database, as a release that carries them would.
func migrateTo(t *testing.T, db *DB, files fstest.MapFS) error {
	t.Helper()
	steps, err := readMigrations(files, "sql")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := applyMissing(t.Context(), tx, steps); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// release is this release's migrations and some more.
func release(t *testing.T, more fstest.MapFS) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, step := range embedded(t) {
		files[fmt.Sprintf("sql/%04d_%s.sql", step.version, step.name)] = &fstest.MapFile{Data: []byte(step.sql)}
	}
	maps.Copy(files, more)
	return files
}

func TestUpgradeAppliesWhatIsMissing(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "cardea.db"))
	withPeople(t, db, "ann")
	next := release(t, fstest.MapFS{
		"sql/9001_more.sql":  {Data: []byte("CREATE TABLE more (n INTEGER); INSERT INTO more VALUES (1); INSERT INTO more VALUES (2);")},
		"sql/9002_again.sql": {Data: []byte("INSERT INTO more SELECT sum(n) FROM more")},
	})
	for range 2 { // the second time there is nothing to do
		if err := migrateTo(t, db, next); err != nil {
			t.Fatal(err)
		}
	}
	var sum int
	if err := db.q.QueryRowContext(t.Context(), "SELECT sum(n) FROM more").Scan(&sum); err != nil || sum != 6 {
		t.Errorf("got %d, %v", sum, err)
	}
	if got := applied(t, db); len(got) != len(next) {
		t.Errorf("migrations: %v", got)
	}
}

func TestFailingUpgradeChangesNothing(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "cardea.db"))
	before := applied(t, db)
	err := migrateTo(t, db, release(t, fstest.MapFS{
		"sql/9001_good.sql": {Data: []byte("CREATE TABLE more (n INTEGER)")},
		"sql/9002_bad.sql":  {Data: []byte("INSERT INTO more VALUES (1); INSERT INTO missing VALUES (1)")},
	}))
	if err == nil || !strings.Contains(err.Error(), "9002_bad") {
		t.Errorf("got %v", err)
	}
	if _, err := db.q.ExecContext(t.Context(), "SELECT n FROM more"); err == nil {
		t.Error("the first step of a failed upgrade is still there")
	}
	if after := applied(t, db); !slices.Equal(before, after) {
		t.Errorf("changed from %v to %v", before, after)
	}
}

func TestTwoMigrationsOfOneNumberAreRefused(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "cardea.db"))
	twice := release(t, fstest.MapFS{
		"sql/9001_a.sql": {Data: []byte("CREATE TABLE a (n INTEGER)")},
		"sql/9001_b.sql": {Data: []byte("CREATE TABLE b (n INTEGER)")},
	})
	if err := migrateTo(t, db, twice); err == nil {
		t.Error("accepted")
	}
}

func TestReadMigrations(t *testing.T) {
	steps, err := readMigrations(fstest.MapFS{
		"sql/0010_ten.sql":       {Data: []byte("ten")},
		"sql/0002_two_words.sql": {Data: []byte("two")},
		"sql/0001_one.sql":       {Data: []byte("one")},
		"sql/README.md":          {Data: []byte("not a migration")},
		"sql/deep/0003_x.sql":    {Data: []byte("not in this folder")},
		"other/0004_x.sql":       {Data: []byte("not in this folder")},
	}, "sql")
	want := []migration{
		// echo -n one | sha256sum
		{1, "one", "one", "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"},
		{2, "two_words", "two", "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"},
		{10, "ten", "ten", "e4432baa90819aaef51d2a7f8e148bf7e679610f3173752fabb4dcb2d0f418d3"},
	}
	if err != nil || !slices.Equal(steps, want) {
		t.Errorf("got %v, %v, want %v", steps, err, want)
	}
}

func TestMigrationNamesBeginWithANumber(t *testing.T) {
	for _, name := range []string{"accounts.sql", "_accounts.sql", "v1_accounts.sql", ".sql", "0001-accounts.sql"} {
		if steps, err := readMigrations(fstest.MapFS{"sql/" + name: {}}, "sql"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, %v", name, steps, err)
		}
	}
	if steps, err := readMigrations(fstest.MapFS{}, "sql"); err != nil || len(steps) != 0 {
		t.Errorf("an empty folder: %v, %v", steps, err)
	}
}
