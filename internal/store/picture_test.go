package store_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

func TestSetPictureReplacesTheOneBefore(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		first, bobs := picture("ann", "key1"), picture("bob", "key2")
		second := store.Picture{
			UserID: "ann", Name: "other.jpg", File: store.File{"key3", "image/jpeg", "v"}, CropsVersion: "w",
			Crops: []store.Crop{{64, store.File{"key4", "image/jpeg", "x"}}, {512, store.File{"key3", "image/jpeg", "v"}}}, UpdatedAt: at(9),
		}
		withoutCrops := second
		withoutCrops.CropsVersion, withoutCrops.Crops = "", nil
		for _, p := range []store.Picture{first, bobs, second, second, withoutCrops} {
			write(t, db, func(tx *store.Tx) error { return tx.SetPicture(t.Context(), p) })
			if got, err := db.PictureOfUser(t.Context(), p.UserID); err != nil || !reflect.DeepEqual(got, p) {
				t.Errorf("got %+v, %v, want %+v", got, err, p)
			}
		}
		if got, err := db.PictureOfUser(t.Context(), "bob"); err != nil || !reflect.DeepEqual(got, bobs) {
			t.Errorf("another user's became %+v, %v", got, err)
		}
	})
}

func TestPictureOfUnknownUserIsNotFound(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		for _, id := range []string{"", "ann", "nobody"} {
			if _, err := db.PictureOfUser(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%q: got %v", id, err)
			}
		}
		wantError(t, db, store.ErrNotFound, func(tx *store.Tx) error { return tx.SetPicture(t.Context(), picture("nobody", "key1")) })
	})
}

func TestTwoPicturesCannotShareAFile(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		write(t, db, func(tx *store.Tx) error { return tx.SetPicture(t.Context(), picture("ann", "key1")) })
		wantError(t, db, store.ErrDuplicate, func(tx *store.Tx) error { return tx.SetPicture(t.Context(), picture("bob", "key1")) })
	})
}

func TestDeletePicture(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		write(t, db, func(tx *store.Tx) error {
			return errors.Join(tx.SetPicture(t.Context(), picture("ann", "key1")), tx.SetPicture(t.Context(), picture("bob", "key2")))
		})
		remove := func(tx *store.Tx) error { return tx.DeletePicture(t.Context(), "ann") }
		write(t, db, remove)
		wantError(t, db, store.ErrNotFound, remove)
		if _, err := db.PictureOfUser(t.Context(), "ann"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		if _, err := db.PictureOfUser(t.Context(), "bob"); err != nil {
			t.Errorf("another user's: %v", err)
		}
	})
}

func TestPicturesAreListedAndFoundByKey(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob", "cyd")
		anns, cyds := picture("ann", "key1"), picture("cyd", "key2")
		write(t, db, func(tx *store.Tx) error {
			return errors.Join(tx.SetPicture(t.Context(), cyds), tx.SetPicture(t.Context(), anns))
		})
		for after, want := range map[string][]store.Picture{"": {anns, cyds}, "ann": {cyds}, "bob": {cyds}, "cyd": nil} {
			if got, err := db.PicturesAfter(t.Context(), after, 9); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("after %q: %v, %v", after, got, err)
			}
		}
		if got, err := db.PicturesAfter(t.Context(), "", 1); err != nil || !reflect.DeepEqual(got, []store.Picture{anns}) {
			t.Errorf("one: %v, %v", got, err)
		}
		for _, want := range append(cyds.Files(), anns.Files()...) {
			if got, err := db.FileByKey(t.Context(), want.Key); err != nil || got != want {
				t.Errorf("by key: %v, %v", got, err)
			}
		}
		if _, err := db.FileByKey(t.Context(), "key3"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("by a key of nothing: %v", err)
		}
	})
}

func TestPictureInSize(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob")
		whole := picture("ann", "key1")
		write(t, db, func(tx *store.Tx) error {
			return errors.Join(tx.SetPicture(t.Context(), whole), tx.SetPicture(t.Context(), picture("bob", "key2")))
		})
		for side, file := range map[int]store.File{0: whole.File, 64: whole.Crops[0].File, 256: whole.Crops[2].File, 512: whole.File} {
			want := whole
			want.File, want.Crops = file, nil
			if got, err := db.PictureInSize(t.Context(), "ann", side); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%d: %+v, %v", side, got, err)
			}
		}
		if _, err := db.PictureInSize(t.Context(), "nobody", 64); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of an unknown user: %v", err)
		}
	})
}

func TestFilesAreListedOnce(t *testing.T) {
	p := picture("ann", "key1")
	p.Crops = append(p.Crops, store.Crop{512, p.File})
	if got := p.Files(); !reflect.DeepEqual(got, []store.File{p.File, p.Crops[0].File, p.Crops[1].File}) {
		t.Errorf("%v", got)
	}
}

func TestPicturesWithoutCrops(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann", "bob", "cyd")
		for _, id := range []string{"ann", "bob", "cyd"} {
			p := picture(id, "key of "+id)
			if id != "bob" {
				p.CropsVersion, p.Crops = "", nil
			}
			write(t, db, func(tx *store.Tx) error { return tx.SetPicture(t.Context(), p) })
		}
		for after, want := range map[string][]string{"": {"ann", "cyd"}, "ann": {"cyd"}, "cyd": nil} {
			if got, err := db.PicturesWithoutCrops(t.Context(), after, 9); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("after %q: %v, %v", after, got, err)
			}
		}
		if got, err := db.PicturesWithoutCrops(t.Context(), "", 1); err != nil || len(got) != 1 {
			t.Errorf("one: %v, %v", got, err)
		}
	})
}
