package operate_test

import (
	"bytes"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// onServer is a new data folder whose database is at an address.
func onServer(t *testing.T, address string) database.Place {
	t.Helper()
	place, err := database.At(filepath.Join(t.TempDir(), "data"), address, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func noPictures() (bool, error) { return false, nil }

// A backup of either engine is restored to a server, and a backup of that is restored to a file.
func TestRestoreToServer(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, session := h.Register(t, "ann@example.com")
	h.SetPicture(t, ann.ID, 40)
	made, archived := backup(t, open(t, h))

	place := onServer(t, testpostgres.Database(t))
	got, err := operate.RestoreFrom(t.Context(), place, bytes.NewReader(archived), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, got, made)
	onServer, err := operate.Open(t.Context(), place, operate.Options{Now: h.Clock.Now, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	defer onServer.Close() //nolint:errcheck // it was only read
	if _, found := check(t, onServer); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	_, again := backup(t, onServer)
	file := database.In(house.Place(t, filepath.Join(t.TempDir(), "back"), "").Dir)
	if got, err = operate.RestoreFrom(t.Context(), file, bytes.NewReader(again), nil); err != nil || got.Users != 1 || got.Pictures != 1 {
		t.Fatal(got, err)
	}
	db, err := file.OpenExisting(t.Context(), noPictures)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	hash := session.Hash()
	if signedIn, err := db.SessionByTokenHash(t.Context(), hash[:]); err != nil || signedIn.User.ID != ann.ID {
		t.Errorf("%+v, %v", signedIn, err)
	}
}

// A restore that fails leaves nothing, so the next one succeeds. A schema in use is not touched, and
// one whose restore was cut off is not served.
func TestRestoreToServerIsAllOrNothing(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	h.SetPicture(t, ann.ID, 40)
	_, archived := backup(t, open(t, h))
	address := testpostgres.Database(t)
	if _, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived[:len(archived)/2]), nil); err == nil {
		t.Error("half a backup was restored")
	}
	if _, err := onServer(t, address).OpenExisting(t.Context(), noPictures); !errors.Is(err, database.ErrNoData) {
		t.Errorf("a restore that failed left tables: %v", err)
	}
	place := onServer(t, address)
	if _, err := operate.RestoreFrom(t.Context(), place, bytes.NewReader(archived), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived), nil); !errors.Is(err, database.ErrNotEmpty) {
		t.Errorf("over users: %v", err)
	}
	db, end, err := place.Serve(t.Context(), noPictures)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived), nil); !errors.Is(err, database.ErrInUse) {
		t.Errorf("under a server: %v", err)
	}
	if n, err := db.Counts(t.Context()); err != nil || n != (store.Counts{Users: 1, Sessions: 1, Pictures: 1}) {
		t.Errorf("%+v, %v", n, err)
	}
	if err := errors.Join(db.MarkFilling(t.Context(), "a backup", h.Clock.Now()), end()); err != nil { // as a killed restore leaves it
		t.Fatal(err)
	}
	for what, open := range map[string]func() error{
		"server":  func() error { _, _, err := place.Serve(t.Context(), noPictures); return err },
		"command": func() error { _, err := place.OpenExisting(t.Context(), noPictures); return err },
	} {
		if err := open(); !errors.Is(err, database.ErrFilling) || !strings.Contains(err.Error(), "a backup") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived), nil); err != nil {
		t.Errorf("again: %v", err)
	}
}

// A restore that fails leaves the database as it found it: without a schema, with an empty schema or
// one that others use, with empty tables, or marked by an earlier restore that was killed.
func TestFailedRestoreLeavesTheServerAsItWas(t *testing.T) {
	t.Parallel()
	h := house.New(t, house.Options{})
	h.Register(t, "ann@example.com")
	_, archived := backup(t, open(t, h))
	makeTables := func(place database.Place) error {
		_, end, err := place.Serve(t.Context(), noPictures)
		if err == nil {
			err = end()
		}
		return err
	}
	for before, c := range map[string]struct {
		prepare func(place database.Place, address string) error
		schema  string // what the schema has then; none: there is no schema
		opened  error
	}{
		"nothing":      {func(database.Place, string) error { return nil }, "none", database.ErrNoData},
		"empty schema": {func(_ database.Place, address string) error { return execute(t, address, "CREATE SCHEMA cardea") }, "", database.ErrNoData},
		"another's table": {func(_ database.Place, address string) error {
			return execute(t, address, "CREATE SCHEMA cardea", "CREATE TABLE cardea.theirs (id int)")
		}, "theirs", database.ErrNoData},
		"empty tables": {func(place database.Place, _ string) error { return makeTables(place) }, "users", nil},
		"half restored": {func(place database.Place, _ string) error {
			filling, err := place.Fill(t.Context(), "a backup", h.Clock.Now())
			if err == nil {
				err = filling.Close()
			}
			return err
		}, "users", database.ErrFilling},
	} {
		address := testpostgres.Database(t)
		if err := c.prepare(onServer(t, address), address); err != nil {
			t.Fatal(before, err)
		}
		if _, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived[:len(archived)/2]), nil); err == nil {
			t.Errorf("%s: half a backup was restored", before)
		}
		if left := schemaIn(t, address); c.schema == "users" && !strings.Contains(left, "users") || c.schema != "users" && left != c.schema {
			t.Errorf("%s: left %q", before, left)
		}
		db, err := onServer(t, address).OpenExisting(t.Context(), noPictures)
		if !errors.Is(err, c.opened) {
			t.Errorf("%s: opened: %v", before, err)
		}
		if db != nil {
			_ = db.Close()
		}
		if got, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived), nil); err != nil || got.Users != 1 {
			t.Errorf("%s: again: %+v, %v", before, got, err)
		}
	}
}

// A restore or move to a schema with another program's tables fails, and changes nothing there.
func TestTablesOfAnotherStay(t *testing.T) {
	t.Parallel()
	from, _ := stopped(t)
	source := openPlace(t, from)
	_, archived := backup(t, source)
	for what, run := range map[string]func(database.Place) error{
		"restore": func(to database.Place) error {
			_, err := operate.RestoreFrom(t.Context(), to, bytes.NewReader(archived), nil)
			return err
		},
		"move": func(to database.Place) error {
			_, err := source.Move(t.Context(), operate.MoveOptions{Database: &to})
			return err
		},
	} {
		for _, table := range []string{"users", "migrations"} { // migrations is the first that Cardea creates
			address := testpostgres.Database(t)
			if err := execute(t, address, "CREATE SCHEMA cardea", "CREATE TABLE cardea."+table+" AS SELECT 'theirs' AS id"); err != nil {
				t.Fatal(err)
			}
			if err := run(onServer(t, address)); err == nil || !strings.Contains(err.Error(), "tables of another program") && !strings.Contains(err.Error(), "no tables of Cardea") {
				t.Errorf("%s over their table %s: %v", what, table, err)
			}
			if left := schemaIn(t, address); left != table {
				t.Errorf("%s over their table %s left %q", what, table, left)
			}
			if err := execute(t, address, "SELECT 1 / count(*) FROM cardea."+table); err != nil {
				t.Errorf("%s: their rows: %v", what, err)
			}
		}
	}
}

// A restore that is complete stays, even if the connection to the database cannot be closed properly:
// here PostgreSQL stops answering on it.
func TestCompleteRestoreStays(t *testing.T) {
	t.Parallel()
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	h.SetPicture(t, ann.ID, 40)
	_, archived := backup(t, open(t, h))
	address := testpostgres.Database(t)
	place := onServer(t, address)
	stop := func(what string, _, _ int64) {
		if what == "restoring pictures" {
			stopLockHolder(t, address)
		}
	}
	if _, err := operate.RestoreFrom(t.Context(), place, bytes.NewReader(archived), stop); err == nil || !strings.Contains(err.Error(), "restored completely") {
		t.Errorf("it ended with %v", err)
	}
	if c, found := check(t, openPlace(t, place)); c.Pictures != 1 || len(found) != 0 {
		t.Errorf("restored %+v, %+v", c, found)
	}
}

// stopLockHolder stops the process of PostgreSQL that holds the lock of a database, until the test ends.
func stopLockHolder(t *testing.T, address string) {
	t.Helper()
	pid := testpostgres.Value[int](t, testpostgres.Connect(t, address), `SELECT pid FROM pg_locks WHERE locktype = 'advisory'
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) }) // its client has left
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// execute runs statements as a stranger would.
func execute(t *testing.T, address string, statements ...string) error {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		_, done := db.ExecContext(t.Context(), statement)
		err = errors.Join(err, done)
	}
	return errors.Join(err, db.Close())
}

// schemaIn lists what a schema has; none: there is no schema.
func schemaIn(t *testing.T, address string) (parts string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err == nil {
		err = db.QueryRowContext(t.Context(), `SELECT CASE WHEN to_regnamespace('cardea') IS NULL THEN 'none' ELSE concat_ws(' ',
			(SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = to_regnamespace('cardea')),
			(SELECT string_agg(proname, ' ') FROM pg_proc WHERE pronamespace = to_regnamespace('cardea'))) END`).Scan(&parts)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return parts
}
