package store_test

import (
	"fmt"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

func withAudit(t *testing.T, db *store.DB, userID string, seconds ...int) {
	t.Helper()
	for _, s := range seconds {
		write(t, db, func(tx *store.Tx) error {
			return tx.AddAudit(t.Context(), store.Audit{
				ID: fmt.Sprint(userID, s), At: at(s), Event: "login", UserID: userID, IP: "192.0.2.1", RequestID: "r1",
			})
		})
	}
}

// audit lists the ids of the events of an account.
func audit(t *testing.T, db *store.DB, userID string, limit int) string {
	t.Helper()
	rows, err := db.AuditOfUser(t.Context(), userID, limit)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return fmt.Sprint(ids)
}

func TestAuditListsTheLatestFirst(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withAudit(t, db, "ann", 10, 30, 20) // no such user: an event outlives its user
		withAudit(t, db, "", 15)
		for _, c := range []struct {
			userID string
			limit  int
			want   string
		}{
			{"ann", 9, "[ann30 ann20 ann10]"},
			{"ann", 2, "[ann30 ann20]"},
			{"", 9, "[15]"},
			{"bob", 9, "[]"},
		} {
			if got := audit(t, db, c.userID, c.limit); got != c.want {
				t.Errorf("of %q: %s, want %s", c.userID, got, c.want)
			}
		}
		rows, err := db.AuditOfUser(t.Context(), "ann", 1)
		if err != nil {
			t.Fatal(err)
		}
		want := store.Audit{ID: "ann30", At: at(30), Event: "login", UserID: "ann", IP: "192.0.2.1", RequestID: "r1", Count: 1}
		if rows[0] != want {
			t.Errorf("got %+v, want %+v", rows[0], want)
		}
	})
}

func TestOldAuditIsDeletedInBatches(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withAudit(t, db, "ann", 10, 20, 30, 40)
		for _, want := range []int64{2, 1, 0} {
			write(t, db, func(tx *store.Tx) error {
				n, err := tx.DeleteOldAudit(t.Context(), at(30), 2)
				if n != want {
					t.Errorf("deleted %d, want %d", n, want)
				}
				return err
			})
		}
		if got := audit(t, db, "ann", 9); got != "[ann40]" {
			t.Errorf("left %s", got)
		}
	})
}

// Attackers cause the events of no account, so these are deleted earlier than others.
func TestOldAuditWithoutUserIsDeletedInBatches(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withAudit(t, db, "", 10, 20, 30, 40)
		withAudit(t, db, "ann", 10)
		for _, want := range []int64{2, 1, 0} {
			write(t, db, func(tx *store.Tx) error {
				n, err := tx.DeleteOldAuditWithoutUser(t.Context(), at(30), 2)
				if n != want {
					t.Errorf("deleted %d, want %d", n, want)
				}
				return err
			})
		}
		if none, ann := audit(t, db, "", 9), audit(t, db, "ann", 9); none != "[40]" || ann != "[ann10]" {
			t.Errorf("left %s and %s", none, ann)
		}
	})
}

// An event with the same id is the same one, which happened again.
func TestRepeatedAudit(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withAudit(t, db, "ann", 10)
		again := store.Audit{ID: "ann10", At: at(20), Event: "login", UserID: "ann", IP: "192.0.2.2", RequestID: "r2"}
		write(t, db, func(tx *store.Tx) error { return tx.AddAudit(t.Context(), again) })
		again.Count = 2
		if rows, err := db.AuditOfUser(t.Context(), "ann", 9); err != nil || len(rows) != 1 || rows[0] != again {
			t.Errorf("%+v, %v", rows, err)
		}
	})
}
