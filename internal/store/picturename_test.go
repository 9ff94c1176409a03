package store_test

import (
	"fmt"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

func TestOldPictureNames(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		second := 0
		set := func(userID, name string) {
			t.Helper()
			second++
			p := picture(userID, fmt.Sprint("key", second))
			p.Name, p.UpdatedAt = name, at(second)
			write(t, db, func(tx *store.Tx) error { return tx.SetPicture(t.Context(), p) })
		}
		want := func(userID, name string, want bool) {
			t.Helper()
			if got, err := db.IsOldPictureName(t.Context(), userID, name); err != nil || got != want {
				t.Errorf("%s of %s: %v, %v", name, userID, got, err)
			}
		}
		set("ann", "a.png")
		want("ann", "a.png", false) // it is the name of today
		set("ann", "a.png")
		want("ann", "a.png", false)
		set("ann", "b.png")
		want("ann", "a.png", true)
		want("ann", "b.png", false)
		want("ann", "c.png", false)
		want("bob", "a.png", false)
		set("ann", "a.png") // back again
		want("ann", "a.png", false)
		want("ann", "b.png", true)

		set("bob", "b.png")
		write(t, db, func(tx *store.Tx) error { return tx.DeletePicture(t.Context(), "ann") })
		want("ann", "b.png", true) // for the next picture
		want("ann", "a.png", true)
		set("ann", "b.png")
		want("ann", "b.png", false)
		want("ann", "a.png", true)

		for n := range 22 { // the last 20 are kept
			set("ann", fmt.Sprint(n))
		}
		want("ann", "a.png", false)
		want("ann", "b.png", false)
		want("ann", "0", false)
		want("ann", "1", true)
		want("ann", "20", true)
		want("ann", "21", false)

		set("bob", "c.png")
		write(t, db, func(tx *store.Tx) error { return tx.DeleteUser(t.Context(), "ann") })
		want("ann", "1", false)
		want("bob", "b.png", true)
	})
}
