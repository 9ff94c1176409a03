package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// engines are the databases that the suite runs on, each opened empty.
var engines = map[string]func(t *testing.T) *DB{
	"sqlite": func(t *testing.T) *DB { return openFile(t, filepath.Join(t.TempDir(), "cardea.db")) },
}

// forEachEngine runs a test on an empty database of each kind.
func forEachEngine(t *testing.T, test func(t *testing.T, db *DB)) {
	t.Helper()
	t.Parallel()
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// openFile opens a SQLite file until the test ends.
func openFile(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path)
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
func write(t testing.TB, db *DB, f func(*Tx) error) {
	t.Helper()
	if err := db.Tx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// wantError runs f in a transaction that must fail with the given error.
func wantError(t *testing.T, db *DB, want error, f func(*Tx) error) {
	t.Helper()
	if err := db.Tx(t.Context(), f); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// at is a moment, told in seconds, that does not fit into milliseconds.
func at(seconds int) time.Time {
	return time.Date(2026, 11, 22, 15, 4, 5, 123_456_000, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// person is a user that differs from others in all that must differ.
func person(id string) User {
	return User{
		ID: id, Name: "Name of " + id, Email: id + "@Example.com", EmailKey: id + "@example.com",
		PasswordHash: "hash of " + id, CreatedAt: at(0),
	}
}

// session is a session of a user that differs from others in all that must differ.
func session(id, userID string, created, seen time.Time) Session {
	return Session{
		ID: id, TokenHash: []byte("token of " + id), UserID: userID, CreatedAt: created, LastSeenAt: seen,
		IP: "192.0.2.1", UserAgent: "Browser of " + id,
	}
}

// picture is the picture of a user, with keys of its own: the two larger crops
// share a file.
func picture(userID, key string) Picture {
	small, large := fileOf(key+"-small"), fileOf(key+"-large")
	return Picture{
		UserID: userID, Name: "face.png", File: fileOf(key), CropsVersion: "crops of " + key,
		Crops: []Crop{{64, small}, {128, large}, {256, large}}, UpdatedAt: at(1),
	}
}

func fileOf(key string) File { return File{key, "image/png", "version of " + key} }

// withPeople adds users of the given ids.
func withPeople(t *testing.T, db *DB, ids ...string) {
	t.Helper()
	write(t, db, func(tx *Tx) error {
		var errs []error
		for _, id := range ids {
			errs = append(errs, tx.CreateUser(t.Context(), person(id)))
		}
		return errors.Join(errs...)
	})
}

// withSessions adds sessions.
func withSessions(t *testing.T, db *DB, sessions ...Session) {
	t.Helper()
	write(t, db, func(tx *Tx) error {
		var errs []error
		for _, s := range sessions {
			errs = append(errs, tx.CreateSession(t.Context(), s))
		}
		return errors.Join(errs...)
	})
}

// sessionIDs lists the sessions of a user, the one seen last first.
func sessionIDs(t *testing.T, db *DB, userID string) string {
	t.Helper()
	list, err := db.SessionsOfUser(t.Context(), userID, 100)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return fmt.Sprint(ids)
}
