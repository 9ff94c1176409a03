package store

import (
	"fmt"
	"testing"
)

// withTries adds tries of a counter at the given seconds, under the ids
// <counter><seconds>.
func withTries(t *testing.T, db *DB, counter string, seconds ...int) {
	t.Helper()
	for _, s := range seconds {
		write(t, db, func(tx *Tx) error {
			return tx.AddTry(t.Context(), Try{ID: fmt.Sprint(counter, s), Counter: []byte(counter), At: at(s)})
		})
	}
}

// tries lists at most limit tries of a counter after a second, as seconds.
func tries(t *testing.T, db *DB, counter string, after, limit int) string {
	t.Helper()
	times, err := db.TriesAfter(t.Context(), []byte(counter), at(after), limit)
	if err != nil {
		t.Fatal(err)
	}
	seconds := []int{}
	for _, time := range times {
		seconds = append(seconds, int(time.Sub(at(0)).Seconds()))
	}
	return fmt.Sprint(seconds)
}

func wantTries(t *testing.T, db *DB, counter, want string) {
	t.Helper()
	if got := tries(t, db, counter, 0, 100); got != want {
		t.Errorf("tries of %s: %s, want %s", counter, got, want)
	}
}

func TestTriesAfter(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withTries(t, db, "ann", 10, 30, 20)
		withTries(t, db, "bob", 25)
		for _, c := range []struct {
			after, limit int
			want         string
		}{
			{0, 100, "[30 20 10]"},
			{10, 100, "[30 20]"},
			{30, 100, "[]"},
			{0, 2, "[30 20]"},
		} {
			if got := tries(t, db, "ann", c.after, c.limit); got != c.want {
				t.Errorf("after %d, at most %d: %s, want %s", c.after, c.limit, got, c.want)
			}
		}
	})
}

func TestTriesAreBroughtBack(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withTries(t, db, "ann", 10, 20, 30, 40)
		withTries(t, db, "bob", 40)
		write(t, db, func(tx *Tx) error { return tx.BringTriesBack(t.Context(), []byte("ann"), at(20)) })
		wantTries(t, db, "ann", "[20 20 20 10]")
		wantTries(t, db, "bob", "[40]")
	})
}

func TestTriesAreTakenBack(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withTries(t, db, "ann", 10, 20, 30)
		withTries(t, db, "bob", 10, 20)
		write(t, db, func(tx *Tx) error { return tx.DeleteTry(t.Context(), "ann20") })
		wantTries(t, db, "ann", "[30 10]")
		write(t, db, func(tx *Tx) error { return tx.DeleteTries(t.Context(), []byte("ann")) })
		wantTries(t, db, "ann", "[]")
		wantTries(t, db, "bob", "[20 10]")
	})
}

func TestOldTriesAreForgottenInBatches(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withTries(t, db, "ann", 10, 20, 30, 40)
		for _, want := range []int64{2, 1, 0} {
			write(t, db, func(tx *Tx) error {
				n, err := tx.DeleteOldTries(t.Context(), at(30), 2)
				if n != want {
					t.Errorf("forgot %d, want %d", n, want)
				}
				return err
			})
		}
		wantTries(t, db, "ann", "[40]")
	})
}
