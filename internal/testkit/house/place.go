package house

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of PostgreSQL

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/testkit/pgbouncer"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// OnPostgres reports whether the tests run on PostgreSQL in place of SQLite: with
// CARDEA_TEST_DATABASE=postgres in the environment, or with CARDEA_TEST_DATABASE=pgbouncer, where
// Cardea reaches it through pgbouncer in transaction mode.
func OnPostgres() bool { return os.Getenv("CARDEA_TEST_DATABASE") == "postgres" || onPgbouncer() }

func onPgbouncer() bool { return os.Getenv("CARDEA_TEST_DATABASE") == "pgbouncer" }

// OnlySQLite skips a test that is about the file of a SQLite database when the tests run on
// PostgreSQL. The reason says what it does to the file.
func OnlySQLite(t testing.TB, reason string) {
	t.Helper()
	if OnPostgres() {
		t.Skip("ONLY ON SQLITE: " + reason)
	}
}

// databases has the address of each data folder's database, and direct that of its server if there
// is a pgbouncer between.
var databases, direct sync.Map

// Address is the setting for the database of a data folder: empty for the SQLite file in it, or an
// address on the PostgreSQL server of the tests, always the same for a folder.
func Address(t testing.TB, folder string) string {
	t.Helper()
	if address, ok := databases.Load(folder); ok {
		return address.(string) //nolint:forcetypeassert // nothing else is stored
	}
	if !OnPostgres() {
		return ""
	}
	address := postgres.Schema(t)
	if onPgbouncer() {
		direct.Store(folder, address)
		_, schema, _ := strings.Cut(address, "&schema=")
		address = pgbouncer.Start(t, address) + "&schema=" + schema
	}
	databases.Store(folder, address)
	return address
}

// Use makes an address that of a data folder's database, whatever engine the tests run on.
func Use(folder, address string) { databases.Store(folder, address) }

// Place is where the data of a folder is, see [Address]. An empty storage is the folder pictures.
func Place(t testing.TB, folder, storage string) database.Place {
	t.Helper()
	place, err := database.At(folder, Address(t, folder), "", storage)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

// Raw opens the database of a data folder beside Cardea, for statements of any kind.
func Raw(t testing.TB, folder string) *sql.DB {
	t.Helper()
	driver, dsn := "sqlite", filepath.Join(folder, "cardea.db")+"?_pragma=busy_timeout(10000)"
	if address := Address(t, folder); address != "" {
		if server, ok := direct.Load(folder); ok {
			address = server.(string) //nolint:forcetypeassert // nothing else is stored
		}
		driver, dsn = "pgx", strings.Replace(address, "&schema=", "&search_path=", 1)
		if dsn == address {
			dsn += "&search_path=cardea"
		}
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Lock lets nobody write to the database of a data folder, as another program can. Others may
// read. Call unlock before the test ends, or leave that to the end of the test.
func Lock(t testing.TB, folder string) (unlock func()) {
	t.Helper()
	tx, err := Raw(t, folder).BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })               // it may have ended
	statement := `DELETE FROM attempts WHERE id = 'none'` // the first one that writes locks the whole file
	if OnPostgres() {
		statement = `LOCK TABLE users, sessions, attempts, audit IN EXCLUSIVE MODE`
	}
	if _, err := tx.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback() } // as above
}

// Pause keeps everybody from writing to the database of a data folder until the test ends, as cardea
// move does.
func Pause(t testing.TB, folder string) {
	t.Helper()
	db, err := Place(t, folder, "").OpenExisting(t.Context(), func() (bool, error) { return false, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	pause, err := db.BeginPause(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pause.End() })
}
