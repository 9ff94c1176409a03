package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// A message that is leased is leased to one only, until the lease ends.
func TestLeaseMail(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		db := e.opened(t, e.address(t))
		for id, due := range map[string]time.Time{"m1": at(3), "m2": at(2), "m3": at(30)} {
			write(t, db, func(tx *store.Tx) error { return tx.AddMail(t.Context(), mail(id, due)) })
		}
		lease := func(now, until time.Time) (leased []store.Mail) {
			t.Helper()
			write(t, db, func(tx *store.Tx) (err error) {
				leased, err = tx.LeaseMail(t.Context(), now, until, 9)
				return err
			})
			return leased
		}
		if is, err := db.HasDueMail(t.Context(), at(1)); is || err != nil {
			t.Errorf("due at 1: %v, %v", is, err)
		}
		first := lease(at(5), at(8))
		if len(first) != 2 || first[0].Attempts != 1 || !first[0].SendAt.Equal(at(8)) {
			t.Fatalf("leased %+v", first)
		}
		if again := lease(at(6), at(9)); len(again) != 0 {
			t.Errorf("leased again: %+v", again)
		}
		if late := lease(at(8), at(12)); len(late) != 2 || late[0].Attempts != 2 {
			t.Errorf("after the lease: %+v", late)
		}
		write(t, db, func(tx *store.Tx) error { return tx.PostponeMail(t.Context(), "m1", 1, at(9), "down") })
		write(t, db, func(tx *store.Tx) error { return tx.ReleaseMail(t.Context(), at(8)) })
		if got := lease(at(8), at(12)); len(got) != 1 || got[0].ID != "m2" || got[0].Attempts != 3 {
			t.Errorf("released: %+v", got)
		}
		if got := lease(at(9), at(20)); len(got) != 1 || got[0].ID != "m1" || got[0].Error != "down" || got[0].Attempts != 2 {
			t.Errorf("postponed: %+v", got)
		}
	})
}

// The outbox is listed, counted, and emptied: message by message, of a user, of what expired.
func TestOutbox(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		db := e.opened(t, e.address(t))
		withUsers(t, db, "ann")
		m1, m2 := mail("m1", at(3)), mail("m2", at(4))
		m2.UserID, m2.CreatedAt = "", at(2)
		wantQueue := func(want store.Queue) {
			t.Helper()
			if got, err := db.Queue(t.Context()); got != want || err != nil {
				t.Errorf("queue %+v, %v, want %+v", got, err, want)
			}
		}
		wantQueue(store.Queue{})
		for _, m := range []store.Mail{m1, m2} {
			write(t, db, func(tx *store.Tx) error { return tx.AddMail(t.Context(), m) })
		}
		if list, err := db.LatestMail(t.Context(), at(9), 9); err != nil || !reflect.DeepEqual(list, []store.Mail{m2, m1}) {
			t.Errorf("listed %+v, %v", list, err)
		}
		wantQueue(store.Queue{Waiting: 2, Oldest: at(1)})
		write(t, db, func(tx *store.Tx) error { return tx.GiveUpMail(t.Context(), "m1", "no such mailbox") })
		wantQueue(store.Queue{Waiting: 1, GaveUp: 1, Oldest: at(2)})
		if m, err := db.MailByID(t.Context(), "m1"); err != nil || !m.GaveUp || m.Error != "no such mailbox" || len(m.Sealed) != 0 {
			t.Errorf("given up: %+v, %v", m, err)
		}
		if list, err := db.ExpiredMail(t.Context(), at(50), 9); err != nil || len(list) != 2 {
			t.Errorf("expired: %+v, %v", list, err)
		}
		write(t, db, func(tx *store.Tx) error { return tx.DeleteUser(t.Context(), "ann") })
		write(t, db, func(tx *store.Tx) error { return tx.DeleteMail(t.Context(), "m2") })
		wantQueue(store.Queue{})
	})
}
