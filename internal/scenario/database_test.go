package scenario

import (
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// openDatabase opens the database of a data folder until the test ends, for what users
// cannot see.
func openDatabase(t *testing.T, data string) *store.DB {
	t.Helper()
	db, err := house.Place(t, data, "").OpenExisting(t.Context(), func() (bool, error) { return false, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// inDatabase changes the database of a running server. Tests use it for changes that
// would take long over HTTP.
func inDatabase(t *testing.T, server *testkit.Server, f func(*store.Tx) error) {
	t.Helper()
	db := openDatabase(t, server.Data)
	if err := db.Tx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
