package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

func TestSessionIsFoundWithItsOwnerAndPicture(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		withSessions(t, db, session("s1", "ann", at(1), at(2)), session("s2", "bob", at(3), at(4)))
		write(t, db, func(tx *store.Tx) error { return tx.SetPicture(t.Context(), picture("bob", "key1")) })
		owner := func(id string) store.User {
			return store.User{ID: id, Name: "Name of " + id, Email: id + "@Example.com", CreatedAt: at(0)}
		}
		for token, want := range map[string]store.SignedIn{
			"token of s1": {store.Session{ID: "s1", UserID: "ann", CreatedAt: at(1), LastSeenAt: at(2), ConfirmedAt: at(1)}, owner("ann"), nil},
			"token of s2": {store.Session{ID: "s2", UserID: "bob", CreatedAt: at(3), LastSeenAt: at(4), ConfirmedAt: at(3)}, owner("bob"),
				&store.Picture{UserID: "bob", Name: "face.png", File: store.File{Version: "version of key1"}, CropsVersion: "crops of key1"}},
		} {
			got, err := db.SessionByTokenHash(t.Context(), []byte(token))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
	})
}

func TestUnknownTokenIsNotFound(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		withSessions(t, db, session("s1", "ann", at(1), at(2)))
		for _, hash := range [][]byte{nil, {}, []byte("token of s2"), []byte("token of s1\x00"), []byte("TOKEN OF S1")} {
			if _, err := db.SessionByTokenHash(t.Context(), hash); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%q: got %v", hash, err)
			}
		}
	})
}

func TestSessionOfUnknownUserIsNotFound(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		wantError(t, db, store.ErrNotFound, func(tx *store.Tx) error {
			return tx.CreateSession(t.Context(), session("s1", "nobody", at(1), at(1)))
		})
	})
}

func TestSessionIDAndTokenAreUnique(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		first := session("s1", "ann", at(1), at(1))
		withSessions(t, db, first)
		sameID, sameToken := session("s2", "bob", at(1), at(1)), session("s3", "bob", at(1), at(1))
		sameID.ID, sameToken.TokenHash = first.ID, first.TokenHash
		wantError(t, db, store.ErrDuplicate, func(tx *store.Tx) error { return tx.CreateSession(t.Context(), sameID) })
		wantError(t, db, store.ErrDuplicate, func(tx *store.Tx) error { return tx.CreateSession(t.Context(), sameToken) })
	})
}

func TestSessionsOfUserListsTheOneSeenLastFirst(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob", "cyd")
		withSessions(t, db,
			session("old", "ann", at(0), at(1)), session("b", "ann", at(9), at(5)), session("a", "ann", at(3), at(5)),
			session("last", "ann", at(2), at(6)), session("bob's", "bob", at(0), at(7)))
		for limit, want := range map[int]string{0: "[]", 1: "[last]", 3: "[last a b]", 4: "[last a b old]", 100: "[last a b old]"} {
			list, err := db.SessionsOfUser(t.Context(), "ann", time.Time{}, "", limit)
			if err != nil {
				t.Fatal(err)
			}
			ids := []string{}
			for _, s := range list {
				ids = append(ids, s.ID)
			}
			if fmt.Sprint(ids) != want {
				t.Errorf("limit %d: %v, want %s", limit, ids, want)
			}
		}
		list, err := db.SessionsOfUser(t.Context(), "bob", time.Time{}, "", 100)
		if want := []store.Session{session("bob's", "bob", at(0), at(7))}; err != nil || !reflect.DeepEqual(list, want) {
			t.Errorf("got %+v, %v, want %+v", list, err, want)
		}
		if got := sessionIDs(t, db, "cyd"); got != "[]" {
			t.Errorf("a user without a session has %s", got)
		}
	})
}

// Of requests that race, only the first updates when the session was seen.
func TestTouchSessionsUnlessTheyWereSeenSince(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		withSessions(t, db, session("s1", "ann", at(0), at(10)), session("s2", "ann", at(0), at(10)))
		touch := func(interval time.Duration, uses ...store.Use) {
			write(t, db, func(tx *store.Tx) error { return tx.TouchSessions(t.Context(), uses, interval) })
		}
		for _, c := range []struct{ seen, interval, want int }{
			{20, 11, 10}, // it was seen at 10
			{20, 10, 20}, // not after 10
			{21, 10, 20},
			{99, 80, 20},
			{40, 10, 40},
		} {
			touch(time.Duration(c.interval)*time.Second, store.Use{"s1", "ann", at(c.seen)})
			in, err := db.SessionByTokenHash(t.Context(), []byte("token of s1"))
			if err != nil || in.Session.LastSeenAt != at(c.want) || in.Session.CreatedAt != at(0) {
				t.Errorf("%+v: got %+v, %v", c, in.Session, err)
			}
		}
		touch(10*time.Second, store.Use{"ended meanwhile", "ann", at(50)})
		in, err := db.SessionByTokenHash(t.Context(), []byte("token of s2"))
		if err != nil || in.Session.LastSeenAt != at(10) {
			t.Errorf("another session became %+v, %v", in.Session, err)
		}
	})
}

func TestDeleteSessionByTokenHash(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		withSessions(t, db, session("s1", "ann", at(1), at(1)), session("s2", "ann", at(2), at(2)))
		end := func(tx *store.Tx) error {
			userID, err := tx.DeleteSessionByTokenHash(t.Context(), []byte("token of s1"))
			if err == nil && userID != "ann" {
				t.Errorf("ended a session of %q", userID)
			}
			return err
		}
		write(t, db, end)
		wantError(t, db, store.ErrNotFound, end) // the second time there is none
		if got := sessionIDs(t, db, "ann"); got != "[s2]" {
			t.Errorf("left: %s", got)
		}
	})
}

func TestDeleteExpiredSession(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		withSessions(t, db, session("s1", "ann", at(1), at(10)))
		end := func(seen, created int) func(*store.Tx) error {
			return func(tx *store.Tx) error {
				return tx.DeleteExpiredSession(t.Context(), []byte("token of s1"), at(seen), at(created))
			}
		}
		wantError(t, db, store.ErrNotFound, end(9, 0)) // used meanwhile
		write(t, db, end(9, 1))
		withSessions(t, db, session("s1", "ann", at(1), at(10)))
		write(t, db, end(10, 0))
		if got := sessionIDs(t, db, "ann"); got != "[]" {
			t.Errorf("left: %s", got)
		}
	})
}

func TestDeleteSessionIsForItsOwnerOnly(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		withSessions(t, db, session("s1", "ann", at(1), at(1)), session("s2", "ann", at(2), at(2)))
		end := func(userID, id string) func(*store.Tx) error {
			return func(tx *store.Tx) error { return tx.DeleteSession(t.Context(), userID, id) }
		}
		wantError(t, db, store.ErrNotFound, end("bob", "s1"))
		wantError(t, db, store.ErrNotFound, end("", "s1"))
		wantError(t, db, store.ErrNotFound, end("ann", "s3"))
		write(t, db, end("ann", "s1"))
		wantError(t, db, store.ErrNotFound, end("ann", "s1"))
		if got := sessionIDs(t, db, "ann"); got != "[s2]" {
			t.Errorf("left: %s", got)
		}
	})
}

func TestDeleteSessionsOfUser(t *testing.T) {
	for _, c := range []struct {
		what, user, keep string
		ended            int64
		ann, bob         string
	}{
		{"all but one", "ann", "s2", 2, "[s2]", "[b1]"},
		{"all", "ann", "", 3, "[]", "[b1]"},
		{"all, as the one to keep is another's", "ann", "b1", 3, "[]", "[b1]"},
		{"none left but the one to keep", "bob", "b1", 0, "[s3 s2 s1]", "[b1]"},
		{"of an unknown user", "nobody", "", 0, "[s3 s2 s1]", "[b1]"},
	} {
		t.Run(c.what, func(t *testing.T) {
			forEachEngine(t, func(t *testing.T, db *store.DB) {
				withUsers(t, db, "ann", "bob")
				withSessions(t, db,
					session("s1", "ann", at(1), at(1)), session("s2", "ann", at(2), at(2)), session("s3", "ann", at(3), at(3)),
					session("b1", "bob", at(4), at(4)))
				var ended int64
				write(t, db, func(tx *store.Tx) (err error) {
					ended, err = tx.DeleteSessionsOfUser(t.Context(), c.user, c.keep, at(9))
					return err
				})
				ann, bob := sessionIDs(t, db, "ann"), sessionIDs(t, db, "bob")
				if ended != c.ended || ann != c.ann || bob != c.bob {
					t.Errorf("ended %d, left %s and %s; want %d, %s and %s", ended, ann, bob, c.ended, c.ann, c.bob)
				}
			})
		})
	}
}

func TestDeleteSessionsBeyond(t *testing.T) {
	for _, c := range []struct {
		keep, limit int
		ended       int64
		ann         string
	}{
		{3, 9, 0, "[s3 s2 s1]"},
		{2, 9, 1, "[s3 s2]"},
		{0, 2, 2, "[s1]"},
		{0, 9, 3, "[]"},
	} {
		t.Run(fmt.Sprintf("%d of those beyond %d", c.limit, c.keep), func(t *testing.T) {
			forEachEngine(t, func(t *testing.T, db *store.DB) {
				withUsers(t, db, "ann", "bob")
				withSessions(t, db, // created in another order than seen
					session("s2", "ann", at(1), at(12)), session("s1", "ann", at(2), at(11)), session("s3", "ann", at(0), at(13)),
					session("b1", "bob", at(4), at(4)))
				write(t, db, func(tx *store.Tx) error {
					ended, err := tx.DeleteSessionsBeyond(t.Context(), "ann", c.keep, c.limit)
					if ended != c.ended {
						t.Errorf("ended %d, want %d", ended, c.ended)
					}
					return err
				})
				if ann, bob := sessionIDs(t, db, "ann"), sessionIDs(t, db, "bob"); ann != c.ann || bob != "[b1]" {
					t.Errorf("left %s and %s, want %s", ann, bob, c.ann)
				}
			})
		})
	}
}

// Many uses are written together. A session whose use is not among them stays as it is.
func TestTouchManySessions(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		const n = 250
		var uses []store.Use
		sessions := []store.Session{session("bob's", "bob", at(0), at(0))}
		for i := range n {
			id := fmt.Sprint("s", i)
			sessions = append(sessions, session(id, "ann", at(0), at(0)))
			uses = append(uses, store.Use{id, "ann", at(100 + i)})
		}
		withSessions(t, db, sessions...)
		write(t, db, func(tx *store.Tx) error { return tx.TouchSessions(t.Context(), uses, time.Second) })
		list, err := db.SessionsOfUser(t.Context(), "ann", time.Time{}, "", n)
		if err != nil || len(list) != n {
			t.Fatal(len(list), err)
		}
		for i, s := range list {
			if last := n - 1 - i; s.ID != fmt.Sprint("s", last) || s.LastSeenAt != at(100+last) {
				t.Fatalf("%s was seen %v", s.ID, s.LastSeenAt)
			}
		}
		in, err := db.SessionByTokenHash(t.Context(), []byte("token of bob's"))
		if err != nil || in.Session.LastSeenAt != at(0) {
			t.Errorf("another session became %+v, %v", in.Session, err)
		}
	})
}
