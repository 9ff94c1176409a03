package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// There are no default accounts.
func TestNewDatabaseHasNoUsers(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		if n, err := db.Counts(t.Context()); err != nil || n != (store.Counts{}) {
			t.Errorf("%+v, %v", n, err)
		}
	})
}

func TestUserIsFoundAsCreated(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		want := store.User{
			ID: "k3v9x2q7mzt4hw5e", Name: "Zoë 🙂", Email: "Zoë@Example.com", EmailKey: "zoë@example.com",
			EmailVerified: true, PasswordHash: "$argon2id$…", SuspendedAt: at(9), FlaskFrom: at(8), CreatedAt: at(0),
		}
		withUsers(t, db, "someone", "else")
		write(t, db, func(tx *store.Tx) error { return tx.CreateUser(t.Context(), want) })

		got, err := db.UserByID(t.Context(), want.ID)
		if err != nil || got != want {
			t.Errorf("by id: %+v, %v, want %+v", got, err, want)
		}
		got, err = db.UserByEmailKey(t.Context(), want.EmailKey)
		if err != nil || got != want {
			t.Errorf("by e-mail: %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestUnknownUserIsNotFound(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		for _, key := range []string{"", "bob", "ANN", "ann ", "a%", "ann@Example.com", "' OR ''='"} {
			if _, err := db.UserByID(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("id %q: got %v", key, err)
			}
			if _, err := db.UserByEmailKey(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("e-mail %q: got %v", key, err)
			}
		}
	})
}

func TestIDAndEmailKeyAreUnique(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		sameKey, sameID, sameSpelling := newUser("bob"), newUser("ann"), newUser("cyd")
		sameKey.EmailKey = newUser("ann").EmailKey
		sameID.EmailKey = "another@example.com"
		sameSpelling.Email = newUser("ann").Email // what was typed is not compared
		wantError(t, db, store.ErrDuplicate, func(tx *store.Tx) error { return tx.CreateUser(t.Context(), sameKey) })
		wantError(t, db, store.ErrDuplicate, func(tx *store.Tx) error { return tx.CreateUser(t.Context(), sameID) })
		write(t, db, func(tx *store.Tx) error { return tx.CreateUser(t.Context(), sameSpelling) })
	})
}

func TestOneOfManyRacingRegistrationsWins(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		const racers = 16
		errs := make([]error, racers)
		var wg sync.WaitGroup
		for i := range racers {
			wg.Go(func() {
				u := newUser(fmt.Sprint("racer", i))
				u.EmailKey = "contested@example.com"
				errs[i] = db.Tx(t.Context(), func(tx *store.Tx) error { return tx.CreateUser(t.Context(), u) })
			})
		}
		wg.Wait()
		winner, err := db.UserByEmailKey(t.Context(), "contested@example.com")
		if err != nil {
			t.Fatal(err)
		}
		for i, err := range errs {
			if won := winner.ID == fmt.Sprint("racer", i); won != (err == nil) || !won && !errors.Is(err, store.ErrDuplicate) {
				t.Errorf("racer %d, while %s won: %v", i, winner.ID, err)
			}
		}
	})
}

func TestTimesSurviveToTheMicrosecondInUTC(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		kathmandu := time.FixedZone("+0545", 5*3600+45*60)
		for id, c := range map[string]struct{ given, want time.Time }{
			"microseconds":       {at(0), at(0)},
			"nanoseconds go":     {at(0).Add(999), at(0)},
			"another zone":       {at(0).In(kathmandu), at(0)},
			"a monotonic clock":  {time.Now(), time.Now().UTC().Truncate(time.Hour)}, // to the hour
			"before 1970":        {time.Date(1969, 7, 20, 20, 17, 40, 1000, time.UTC), time.Date(1969, 7, 20, 20, 17, 40, 1000, time.UTC)},
			"1970":               {time.Unix(0, 0), time.Unix(0, 0).UTC()},
			"beyond 32 bits":     {time.Date(2999, 12, 31, 23, 59, 59, 999_999_000, time.UTC), time.Date(2999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
			"summer time's hour": {time.Date(2026, 10, 25, 2, 30, 0, 0, kathmandu), time.Date(2026, 10, 24, 20, 45, 0, 0, time.UTC)},
		} {
			u := newUser(id)
			u.CreatedAt = c.given
			write(t, db, func(tx *store.Tx) error { return tx.CreateUser(t.Context(), u) })
			got, err := db.UserByID(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if id == "a monotonic clock" {
				got.CreatedAt = got.CreatedAt.Truncate(time.Hour)
			}
			if got.CreatedAt != c.want {
				t.Errorf("%s: %v, want %v", id, got.CreatedAt, c.want)
			}
		}
	})
}

func TestSetName(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		write(t, db, func(tx *store.Tx) error { return tx.SetName(t.Context(), "ann", "Ann O’Nym") })
		wantError(t, db, store.ErrNotFound, func(tx *store.Tx) error { return tx.SetName(t.Context(), "nobody", "x") })

		want := newUser("ann")
		want.Name = "Ann O’Nym"
		if got, err := db.UserByID(t.Context(), "ann"); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if got, err := db.UserByID(t.Context(), "bob"); err != nil || got != newUser("bob") {
			t.Errorf("another user became %+v, %v", got, err)
		}
	})
}

func TestSetEmail(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		set := func(userID, email, key string, verified bool) func(*store.Tx) error {
			return func(tx *store.Tx) error { return tx.SetEmail(t.Context(), userID, email, key, verified) }
		}
		write(t, db, set("ann", "Ann@New.example", "ann@new.example", true))
		write(t, db, set("ann", "ANN@new.example", "ann@new.example", true)) // only another spelling
		wantError(t, db, store.ErrDuplicate, set("ann", "bob@example.com", "bob@example.com", true))
		wantError(t, db, store.ErrNotFound, set("nobody", "x@example.com", "x@example.com", true))

		want := newUser("ann")
		want.Email, want.EmailKey, want.EmailVerified = "ANN@new.example", "ann@new.example", true
		if got, err := db.UserByEmailKey(t.Context(), "ann@new.example"); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if _, err := db.UserByEmailKey(t.Context(), "ann@example.com"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the old address: %v", err)
		}
		if got, err := db.UserByID(t.Context(), "bob"); err != nil || got != newUser("bob") {
			t.Errorf("another user became %+v, %v", got, err)
		}
	})
}

func TestSetSuspended(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		for _, when := range []time.Time{at(5), at(6), {}, {}} {
			write(t, db, func(tx *store.Tx) error { return tx.SetSuspended(t.Context(), "ann", when) })
			want := newUser("ann")
			want.SuspendedAt = when
			if got, err := db.UserByID(t.Context(), "ann"); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
		wantError(t, db, store.ErrNotFound, func(tx *store.Tx) error { return tx.SetSuspended(t.Context(), "nobody", at(5)) })
		if got, err := db.UserByID(t.Context(), "bob"); err != nil || got != newUser("bob") {
			t.Errorf("another user became %+v, %v", got, err)
		}
	})
}

func TestReplacePasswordHashOnlyWhenItIsStillTheOldOne(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		old := newUser("ann").PasswordHash
		replace := func(userID, old, new string) func(*store.Tx) error {
			return func(tx *store.Tx) error { return tx.ReplacePasswordHash(t.Context(), userID, old, new) }
		}
		write(t, db, replace("ann", old, old)) // a check that it is current
		write(t, db, replace("ann", old, "second"))
		wantError(t, db, store.ErrNotFound, replace("ann", old, "third"))
		wantError(t, db, store.ErrNotFound, replace("ann", "", "third"))
		wantError(t, db, store.ErrNotFound, replace("nobody", "second", "third"))

		if got, err := db.UserByID(t.Context(), "ann"); err != nil || got.PasswordHash != "second" {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err := db.UserByID(t.Context(), "bob"); err != nil || got != newUser("bob") {
			t.Errorf("another user became %+v, %v", got, err)
		}
	})
}

func TestUsersByEmailKey(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "cyd", "ann", "bob", "boris", "zoë")
		write(t, db, func(tx *store.Tx) error { return tx.SetPicture(t.Context(), picture("bob", "key1")) })
		for _, c := range []struct {
			from, to string
			limit    int
			want     string
		}{
			{"", "\U0010ffff", 9, "[ann bob boris cyd zoë]"},
			{"", "\U0010ffff", 2, "[ann bob]"},
			{"bob@example.com", "\U0010ffff", 2, "[bob boris]"},
			{"bob@example.com\x01", "\U0010ffff", 2, "[boris cyd]"},
			{"bo", "bo\U0010ffff", 9, "[bob boris]"},
			{"zo", "zo\U0010ffff", 9, "[zoë]"},
			{"x", "a", 9, "[]"},
		} {
			list, err := db.UsersByEmailKey(t.Context(), c.from, c.to, c.limit)
			ids := []string{}
			for _, u := range list {
				ids = append(ids, u.User.ID)
				if u.User != newUser(u.User.ID) || (u.Picture != nil) != (u.User.ID == "bob") {
					t.Errorf("%+v", u)
				}
			}
			if err != nil || fmt.Sprint(ids) != c.want {
				t.Errorf("from %q to %q, %d: %v, %v, want %s", c.from, c.to, c.limit, ids, err, c.want)
			}
		}
	})
}

func TestDeleteUserTakesSessionsAndPictureAlong(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		withSessions(t, db, session("s1", "ann", at(1), at(1)), session("s2", "bob", at(1), at(1)))
		write(t, db, func(tx *store.Tx) error {
			return errors.Join(tx.SetPicture(t.Context(), picture("ann", "key1")), tx.SetPicture(t.Context(), picture("bob", "key2")))
		})
		remove := func(tx *store.Tx) error { return tx.DeleteUser(t.Context(), "ann") }
		write(t, db, remove)
		wantError(t, db, store.ErrNotFound, remove)
		if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the user: %v", err)
		}
		if _, err := db.PictureOfUser(t.Context(), "ann"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the picture: %v", err)
		}
		for _, f := range picture("ann", "key1").Files() {
			if known, err := db.KnowsFile(t.Context(), f.Key); known || err != nil {
				t.Errorf("the file %s is still named: %v", f.Key, err)
			}
		}
		if got := sessionIDs(t, db, "ann") + sessionIDs(t, db, "bob"); got != "[][s2]" {
			t.Errorf("sessions: %s", got)
		}
		if _, err := db.PictureOfUser(t.Context(), "bob"); err != nil {
			t.Errorf("another user's picture: %v", err)
		}
	})
}
