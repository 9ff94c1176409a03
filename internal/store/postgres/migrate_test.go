package postgres

import (
	"maps"
	"slices"
	"testing"
	"testing/fstest"

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
