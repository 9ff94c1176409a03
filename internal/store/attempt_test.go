package store_test

import (
	"fmt"
	"strings"
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
	rows, err := db.AttemptsAfter(t.Context(), []byte(counter), at(after), limit)
	if err != nil {
		t.Fatal(err)
	}
	seconds := []int{}
	for _, row := range rows {
		if row.ID == "" || string(row.Counter) != counter {
			t.Errorf("attempt %+v", row)
		}
		seconds = append(seconds, int(row.At.Sub(at(0)).Seconds()))
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
		write(t, db, func(tx *store.Tx) error { return tx.DeleteAttempts(t.Context(), []byte("ann")) })
		wantAttempts(t, db, "ann", "[]")
		wantAttempts(t, db, "bob", "[20 10]")
	})
}

// The first half of a counter's name is that of an account.
func TestAttemptsOfManyCountersAreDeleted(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		names := make([]string, 4)
		for i, half := range []string{"a0", "a1", "b0", "b1"} {
			names[i] = strings.Repeat(half[:1], 16) + strings.Repeat(half[1:], 16)
			withAttempts(t, db, names[i], 10)
		}
		write(t, db, func(tx *store.Tx) error { return tx.DeleteAttemptsFrom(t.Context(), []byte(names[0][:16])) })
		for i, want := range []string{"[]", "[]", "[10]", "[10]"} {
			wantAttempts(t, db, names[i], want)
		}
	})
}

// One attempt may count against several limits.
func TestAttemptWithSeveralCounters(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		for _, counter := range []string{"account", "network"} {
			write(t, db, func(tx *store.Tx) error {
				return tx.AddAttempt(t.Context(), store.Attempt{ID: "one", Counter: []byte(counter), At: at(10)})
			})
			wantAttempts(t, db, counter, "[10]")
		}
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
