package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// engine is a kind of database that the tests of this package run on.
type engine struct {
	// address returns where an empty database is, or will be.
	address func(testing.TB) string
	open    func(ctx context.Context, address string) (*store.DB, error)
	// conflict is the driver's error for a transaction that another one was in the way of.
	conflict func(t *testing.T, address string) error
	// exec runs a statement of any kind, as an operator would.
	exec func(t *testing.T, address, statement string)
	// schema lists the columns of each table of a database, separated by spaces and sorted.
	schema func(t *testing.T, address string) map[string]string
	// fault names what is wrong with the plan of a statement; empty: it uses an index.
	fault func(ctx context.Context, q store.Querier, query string, args []any) (string, error)
}

var engines = map[string]engine{"sqlite": sqliteEngine, "postgres": postgresEngine}

// forEachEngine runs a test on an empty database of each kind.
func forEachEngine(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	withEachEngine(t, func(t *testing.T, e engine) { test(t, e.opened(t, e.address(t))) })
}

// withEachEngine runs a test with each kind of database.
func withEachEngine(t *testing.T, test func(t *testing.T, e engine)) {
	t.Helper()
	t.Parallel()
	for name, e := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, e)
		})
	}
}

// opened opens a database until the test ends.
func (e engine) opened(t testing.TB, address string) *store.DB {
	t.Helper()
	db, err := e.open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// write runs f in a transaction that must succeed.
func write(t testing.TB, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Tx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// wantError runs f in a transaction that must fail with the given error.
func wantError(t *testing.T, db *store.DB, want error, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Tx(t.Context(), f); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// at is a moment in seconds, with a fraction that does not fit into milliseconds.
func at(seconds int) time.Time {
	return time.Date(2026, 11, 22, 15, 4, 5, 123_456_000, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// newUser returns a user that differs from others in every unique column.
func newUser(id string) store.User {
	return store.User{
		ID: id, Name: "Name of " + id, Email: id + "@Example.com", EmailKey: id + "@example.com",
		PasswordHash: "hash of " + id, CreatedAt: at(0),
	}
}

// session returns a session that differs from others in every unique column.
func session(id, userID string, created, seen time.Time) store.Session {
	return store.Session{
		ID: id, TokenHash: []byte("token of " + id), UserID: userID, CreatedAt: created, LastSeenAt: seen, ConfirmedAt: created,
		IP: "192.0.2.1", UserAgent: "Browser of " + id,
	}
}

// picture returns a picture with keys of its own. The two larger crops share a file.
func picture(userID, key string) store.Picture {
	small, large := fileOf(key+"-small"), fileOf(key+"-large")
	return store.Picture{
		UserID: userID, Name: "face.png", File: fileOf(key), CropsVersion: "crops of " + key,
		Crops: []store.Crop{{64, small}, {128, large}, {256, large}}, UpdatedAt: at(1),
	}
}

func fileOf(key string) store.File { return store.File{key, "image/png", "version of " + key} }

// withUsers adds users of the given ids.
func withUsers(t *testing.T, db *store.DB, ids ...string) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error {
		var errs []error
		for _, id := range ids {
			errs = append(errs, tx.CreateUser(t.Context(), newUser(id)))
		}
		return errors.Join(errs...)
	})
}

// withSessions adds sessions.
func withSessions(t *testing.T, db *store.DB, sessions ...store.Session) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error {
		var errs []error
		for _, s := range sessions {
			errs = append(errs, tx.CreateSession(t.Context(), s))
		}
		return errors.Join(errs...)
	})
}

// sessionIDs lists the sessions of a user, the one seen last first.
func sessionIDs(t *testing.T, db *store.DB, userID string) string {
	t.Helper()
	list, err := db.SessionsOfUser(t.Context(), userID, time.Time{}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return fmt.Sprint(ids)
}

// challenge returns a challenge of ann.
func challenge(id string) store.Challenge {
	return store.Challenge{
		ID: id, Purpose: "reset", UserID: "ann", Email: "ann@example.com", TokenHash: []byte("token of " + id),
		CodeMAC: []byte("code of " + id), BrowserHash: []byte("browser of " + id), State: []byte("state"),
		CreatedAt: at(1), ExpiresAt: at(10),
	}
}

// mail returns a message to ann that is due at a time.
func mail(id string, due time.Time) store.Mail {
	return store.Mail{
		ID: id, UserID: "ann", Recipient: "ann@example.com", Kind: "reset", Sealed: []byte("content of " + id),
		CreatedAt: at(1), SendAt: due, ExpiresAt: at(50),
	}
}
