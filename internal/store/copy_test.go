package store_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// A new table or column must be listed, or it would be lost when a database is copied.
func TestAllTablesAreCopied(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		address := e.address(t)
		e.opened(t, address)
		schema := e.schema(t, address)
		delete(schema, "migrations") // describes the database itself
		delete(schema, "changes")    // of PostgreSQL: what servers have in memory
		if want := store.TablesToCopy(); !maps.Equal(schema, want) {
			t.Errorf("the schema has\n%v\nand copied are\n%v", schema, want)
		}
	})
}

// full adds a row to every table.
func full(t *testing.T, db *store.DB) {
	t.Helper()
	withUsers(t, db, "ann", "bob", "Zoë", "zoe")
	withSessions(t, db, session("s1", "ann", at(0), at(1)), session("s2", "bob", at(2), at(3)))
	write(t, db, func(tx *store.Tx) error {
		second := picture("ann", "second")
		second.Name = "other.png"
		return errors.Join(
			tx.SetPicture(t.Context(), picture("ann", "first")), tx.SetPicture(t.Context(), second), tx.SetPicture(t.Context(), picture("bob", "bobs")),
			tx.AddOrphans(t.Context(), []string{"orphan"}, at(9)),
			tx.SetMark(t.Context(), store.FlaskFrom, at(4)),
			tx.AddAttempt(t.Context(), store.Attempt{ID: "a", Counter: []byte{0xff, 0}, At: at(1)}),
			tx.AddAttempt(t.Context(), store.Attempt{ID: "a", Counter: []byte{0x01}, At: at(1)}),
			tx.AddAudit(t.Context(), store.Audit{ID: "e", At: at(1), Event: "login", UserID: "ann", Count: 2}),
			tx.CreateChallenge(t.Context(), store.Challenge{
				ID: "c", Purpose: "login", UserID: "ann", TokenHash: []byte("t"), CodeMAC: []byte{}, BrowserHash: []byte{}, State: []byte{}, CreatedAt: at(1), ExpiresAt: at(2),
			}),
			tx.AddMail(t.Context(), mail("m", at(5))),
			tx.SetImport(t.Context(), store.Import{Key: []byte("k"), Source: []byte("s"), UserID: "gone", Run: "r", Name: []byte{}, Email: []byte{},
				Password: []byte{}, PasswordHere: []byte{}, PictureHash: []byte{}}),
		)
	})
	write(t, db, func(tx *store.Tx) error {
		_, err := tx.AddFlaskCookie(t.Context(), []byte("cookie"), at(100))
		return errors.Join(err, tx.SetSuspended(t.Context(), "bob", at(7)))
	})
}

func digests(t *testing.T, db *store.DB) []store.Digest {
	t.Helper()
	reading, err := db.BeginReading(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close() //nolint:errcheck // it was only read
	list, err := reading.Digests(t.Context(), func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// copyAll copies a database to an empty one.
func copyAll(t *testing.T, from, to *store.DB) store.Copied {
	t.Helper()
	reading, err := from.BeginReading(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close() //nolint:errcheck // it was only read
	copied, err := reading.CopyTo(t.Context(), to, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

// Every row of every table arrives on each engine from each, and sums are equal.
func TestCopy(t *testing.T) {
	withEachEngine(t, func(t *testing.T, from engine) {
		source := from.opened(t, from.address(t))
		full(t, source)
		for _, d := range digests(t, source) {
			if d.Rows == 0 {
				t.Errorf("the table %s has no row that shows that it is copied", d.Table)
			}
		}
		for name, to := range engines {
			target := to.opened(t, to.address(t))
			if isUnused, err := target.IsUnused(t.Context()); err != nil || !isUnused {
				t.Errorf("to %s: %v, %v", name, isUnused, err)
			}
			copied := copyAll(t, source, target)
			if differs := store.Differing(copied.Digests, digests(t, source)); differs != "" {
				t.Errorf("to %s: %s is not as it was read", name, differs)
			}
			if differs := store.Differing(copied.Digests, digests(t, target)); differs != "" || copied.Replaced != 0 {
				t.Errorf("to %s: %s differs, %d replaced", name, differs, copied.Replaced)
			}
			if p, err := target.PictureOfUser(t.Context(), "ann"); err != nil || p.Key != "second" || len(p.Crops) != 3 || !p.UpdatedAt.Equal(at(1)) {
				t.Errorf("to %s: %+v, %v", name, p, err)
			}
			if isUnused, err := target.IsUnused(t.Context()); err != nil || isUnused {
				t.Errorf("to %s: %v, %v", name, isUnused, err)
			}
			if err := target.RemoveAll(t.Context()); err != nil {
				t.Error(err)
			}
			if isUnused, err := target.IsUnused(t.Context()); err != nil || !isUnused {
				t.Errorf("to %s, emptied: %v, %v", name, isUnused, err)
			}
		}
	})
}

// A reading sees one moment.
func TestReadingIsOfOneMoment(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		reading, err := db.BeginReading(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		withUsers(t, db, "bob")
		list, err := reading.Digests(t.Context(), func(int64) {})
		if err != nil || list[0].Rows != 1 {
			t.Errorf("%+v, %v", list[0], err)
		}
		if err := errors.Join(reading.Close(), reading.Close()); err != nil {
			t.Error(err)
		}
		if now := digests(t, db); now[0].Rows != 2 || store.Differing(list, now) != "users" {
			t.Errorf("%+v", now[0])
		}
	})
}

// SQLite keeps any bytes of a browser's name; PostgreSQL keeps U+FFFD in their place.
func TestCopyOfImpossibleText(t *testing.T) {
	t.Parallel()
	source := sqliteEngine.opened(t, sqliteEngine.address(t))
	withUsers(t, source, "ann")
	odd := session("s1", "ann", at(0), at(1))
	odd.UserAgent = "a\x00b\xffc"
	withSessions(t, source, odd)
	target := postgresEngine.opened(t, postgresEngine.address(t))
	copied := copyAll(t, source, target)
	if copied.Replaced != 1 || store.Differing(copied.Digests, digests(t, target)) != "" {
		t.Errorf("%d replaced, %s differs", copied.Replaced, store.Differing(copied.Digests, digests(t, target)))
	}
	if list, err := target.SessionsOfUser(t.Context(), "ann", time.Time{}, "", 1); err != nil || list[0].UserAgent != "a�b�c" {
		t.Errorf("%+v, %v", list, err)
	}
}
