package store_test

import (
	"fmt"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

// withAttempts adds attempts of a counter at the given seconds, under the ids
// <counter><seconds>.
func withAttempts(t *testing.T, db *store.DB, counter string, seconds ...int) {
	t.Helper()
	for _, s := range seconds {
		write(t, db, func(tx *store.Tx) error {
			return tx.AddAttempt(t.Context(), store.Attempt{ID: fmt.Sprint(counter, s), Counter: []byte(counter), At: at(s)})
		})
	}
}

// attempts lists at most limit attempts of a counter after a second, as seconds.
func attempts(t *testing.T, db *store.DB, counter string, after, limit int) string {
	t.Helper()
	times, err := db.AttemptsAfter(t.Context(), []byte(counter), at(after), limit)
	if err != nil {
		t.Fatal(err)
	}
	seconds := []int{}
	for _, time := range times {
		seconds = append(seconds, int(time.Sub(at(0)).Seconds()))
	}
	return fmt.Sprint(seconds)
}

func wantAttempts(t *testing.T, db *store.DB, counter, want string) {
	t.Helper()
	if got := attempts(t, db, counter, 0, 100); got != want {
		t.Errorf("attempts of %s: %s, want %s", counter, got, want)
	}
}

func TestAttemptsAfter(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withAttempts(t, db, "ann", 10, 30, 20)
		withAttempts(t, db, "bob", 25)
		for _, c := range []struct {
			after, limit int
			want         string
		}{
			{0, 100, "[30 20 10]"},
			{10, 100, "[30 20]"},
			{30, 100, "[]"},
			{0, 2, "[30 20]"},
		} {
			if got := attempts(t, db, "ann", c.after, c.limit); got != c.want {
				t.Errorf("after %d, at most %d: %s, want %s", c.after, c.limit, got, c.want)
			}
		}
	})
}

func TestFutureAttemptsAreRedated(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withAttempts(t, db, "ann", 10, 20, 30, 40)
		withAttempts(t, db, "bob", 40)
		write(t, db, func(tx *store.Tx) error { return tx.RedateFutureAttempts(t.Context(), []byte("ann"), at(20)) })
		wantAttempts(t, db, "ann", "[20 20 20 10]")
		wantAttempts(t, db, "bob", "[40]")
	})
}

func TestAttemptsAreDeleted(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withAttempts(t, db, "ann", 10, 20, 30)
		withAttempts(t, db, "bob", 10, 20)
		write(t, db, func(tx *store.Tx) error { return tx.DeleteAttempt(t.Context(), "ann20") })
		wantAttempts(t, db, "ann", "[30 10]")
		write(t, db, func(tx *store.Tx) error { return tx.DeleteAttempts(t.Context(), []byte("ann")) })
		wantAttempts(t, db, "ann", "[]")
		wantAttempts(t, db, "bob", "[20 10]")
	})
}

func TestOldAttemptsAreDeletedInBatches(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withAttempts(t, db, "ann", 10, 20, 30, 40)
		for _, want := range []int64{2, 1, 0} {
			write(t, db, func(tx *store.Tx) error {
				n, err := tx.DeleteOldAttempts(t.Context(), at(30), 2)
				if n != want {
					t.Errorf("deleted %d, want %d", n, want)
				}
				return err
			})
		}
		wantAttempts(t, db, "ann", "[40]")
	})
}
