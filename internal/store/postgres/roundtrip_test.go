package postgres

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// counted counts what is sent over a connection: pgx writes once, then waits for the answer.
type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// openCounted opens a database, and counts the round trips of all its connections.
func openCounted(t *testing.T, parameters string) (db *store.DB, trips *atomic.Int64) {
	t.Helper()
	at, err := ParseAddress(testpostgres.Database(t)+parameters, "")
	if err != nil {
		t.Fatal(err)
	}
	trips = new(atomic.Int64)
	at.config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return counted{conn, trips}, err
	}
	if db, err = Open(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, trips
}

// A look-up of a session takes one round trip, and a transaction two more than its statements,
// once a connection knows the statements.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	db, trips := openCounted(t, "")
	var users int
	add := func(statements int) func() error {
		return func() error {
			return db.Tx(t.Context(), func(tx *store.Tx) error {
				for range statements {
					users++
					id := fmt.Sprintf("u%d", users)
					err := tx.CreateUser(t.Context(), store.User{ID: id, Email: id, EmailKey: id, CreatedAt: time.Now()})
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	lookUp := func() error {
		_, err := db.SessionByTokenHash(t.Context(), []byte("nobody's"))
		if err == store.ErrNotFound { //nolint:errorlint // as the store returns it
			return nil
		}
		return err
	}
	touch := func() error {
		return db.Tx(t.Context(), func(tx *store.Tx) error {
			return tx.TouchSessions(t.Context(), make([]store.Use, 100), time.Hour)
		})
	}
	for _, call := range []struct {
		name string
		run  func() error
		want int64
	}{
		{"look up a session", lookUp, 1},
		{"a transaction of one statement", add(1), 3},
		{"a transaction of five statements", add(5), 7},
		{"the last use of a hundred sessions", touch, 3},
	} {
		if err := call.run(); err != nil { // it prepares the statements
			t.Fatal(err)
		}
		trips.Store(0)
		if err := call.run(); err != nil {
			t.Fatal(err)
		}
		if n := trips.Load(); n != call.want {
			t.Errorf("%s: %d round trips, want %d", call.name, n, call.want)
		}
	}
}
