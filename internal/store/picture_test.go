package store

import (
	"errors"
	"slices"
	"testing"
)

func TestSetPictureReplacesTheOneBefore(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withPeople(t, db, "ann", "bob")
		first, bobs := picture("ann", "key1"), picture("bob", "key2")
		second := Picture{UserID: "ann", Name: "other.jpg", Key: "key3", ContentType: "image/jpeg", Version: "v", UpdatedAt: at(9)}
		for _, p := range []Picture{first, bobs, second, second} {
			write(t, db, func(tx *Tx) error { return tx.SetPicture(t.Context(), p) })
			if got, err := db.PictureOfUser(t.Context(), p.UserID); err != nil || got != p {
				t.Errorf("got %+v, %v, want %+v", got, err, p)
			}
		}
		if got, err := db.PictureOfUser(t.Context(), "bob"); err != nil || got != bobs {
			t.Errorf("somebody else's became %+v, %v", got, err)
		}
	})
}

func TestPictureOfNobodyIsNotFound(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withPeople(t, db, "ann")
		for _, id := range []string{"", "ann", "nobody"} {
			if _, err := db.PictureOfUser(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q: got %v", id, err)
			}
		}
		wantError(t, db, ErrNotFound, func(tx *Tx) error { return tx.SetPicture(t.Context(), picture("nobody", "key1")) })
	})
}

func TestTwoPicturesCannotShareAFile(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withPeople(t, db, "ann", "bob")
		write(t, db, func(tx *Tx) error { return tx.SetPicture(t.Context(), picture("ann", "key1")) })
		wantError(t, db, ErrDuplicate, func(tx *Tx) error { return tx.SetPicture(t.Context(), picture("bob", "key1")) })
	})
}

func TestDeletePicture(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withPeople(t, db, "ann", "bob")
		write(t, db, func(tx *Tx) error {
			return errors.Join(tx.SetPicture(t.Context(), picture("ann", "key1")), tx.SetPicture(t.Context(), picture("bob", "key2")))
		})
		remove := func(tx *Tx) error { return tx.DeletePicture(t.Context(), "ann") }
		write(t, db, remove)
		wantError(t, db, ErrNotFound, remove)
		if _, err := db.PictureOfUser(t.Context(), "ann"); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
		if _, err := db.PictureOfUser(t.Context(), "bob"); err != nil {
			t.Errorf("somebody else's: %v", err)
		}
	})
}

func TestPicturesAreListedAndFoundByKey(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *DB) {
		withPeople(t, db, "ann", "bob", "cyd")
		anns, cyds := picture("ann", "key1"), picture("cyd", "key2")
		write(t, db, func(tx *Tx) error {
			return errors.Join(tx.SetPicture(t.Context(), cyds), tx.SetPicture(t.Context(), anns))
		})
		for after, want := range map[string][]Picture{"": {anns, cyds}, "ann": {cyds}, "bob": {cyds}, "cyd": nil} {
			if got, err := db.PicturesAfter(t.Context(), after, 9); err != nil || !slices.Equal(got, want) {
				t.Errorf("after %q: %v, %v", after, got, err)
			}
		}
		if got, err := db.PicturesAfter(t.Context(), "", 1); err != nil || !slices.Equal(got, []Picture{anns}) {
			t.Errorf("one: %v, %v", got, err)
		}
		if got, err := db.PictureByKey(t.Context(), "key2"); err != nil || got != cyds {
			t.Errorf("by key: %v, %v", got, err)
		}
		if _, err := db.PictureByKey(t.Context(), "key3"); !errors.Is(err, ErrNotFound) {
			t.Errorf("by a key of nothing: %v", err)
		}
	})
}
