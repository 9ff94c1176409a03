package postgres

import (
	"errors"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// No caller notices that all connections broke while they were idle.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{})
	at, err := ParseAddress(server.Database(), "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	use := func(when string) {
		if _, err := db.UserByID(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a read %s: %v", when, err)
		}
		err := db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetMark(t.Context(), store.FlaskFrom, time.Now()) })
		if err != nil {
			t.Errorf("a transaction %s: %v", when, err)
		}
	}
	use("at first")
	server.Restart(false)
	use("after a restart")
	server.Restart(true)
	use("after a crash")
}
