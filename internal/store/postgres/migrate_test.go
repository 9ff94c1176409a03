package postgres

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// A database gets all tables or none, whatever interrupts the first migration.
func TestFirstMigrationIsAllOrNothing(t *testing.T) {
	t.Parallel()
	at := parsed(t, testpostgres.Database(t))
	e, err := newEngine(t.Context(), at, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.migrations = fstest.MapFS{"0001_fails.sql": {Data: []byte("CREATE TABLE one (id int); SELECT nonsense")}}
	if db, err := store.Open(t.Context(), e, e.pools); err == nil {
		t.Error("nonsense was applied", db.Close())
	}
	e, err = newEngine(t.Context(), at, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // it was only read
	if left, err := e.schemaOf(t.Context(), e.pools.Reader); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", slices.Sorted(maps.Keys(left)), err)
	}
}

// If another process keeps the lock for migrations, the error says so, in one line.
func TestMigrationWaitsForAnother(t *testing.T) {
	t.Parallel()
	address := testpostgres.Database(t)
	at := parsed(t, address)
	e, err := newEngine(t.Context(), at, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.patience = 50 * time.Millisecond
	other := testpostgres.Connect(t, address)
	if _, err := other.Exec(t.Context(), fmt.Sprintf("SELECT pg_advisory_lock(%d)", lockKey("migrate", at.schema))); err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), e, e.pools)
	if err == nil || err.Error() != "another process has been upgrading the tables for a minute; find it in pg_stat_activity" {
		t.Error(err)
	}
}
