package media_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// opens reports whether a user's picture a.png is served, as a crop and whole.
func opens(t *testing.T, h *house.House, userID string) (isServed bool) {
	t.Helper()
	for _, side := range []int{0, 64} {
		p, err := h.Pictures.Open(t.Context(), userID, "a.png", side)
		if isServed = err == nil; isServed {
			_ = p.Close() // it was only opened
		} else if !errors.Is(err, media.ErrPictureNotFound) {
			t.Errorf("side %d: %v", side, err)
		}
	}
	return isServed
}

// A picture that was removed is not served from memory, even while its file cannot be
// removed.
func TestRemovedPictureIsNotServedFromMemory(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	h.SetPicture(t, ada.ID, house.LargeSide)
	h.Look(t)
	h.Storage.FailDelete = errors.New("no such device")
	if !opens(t, h, ada.ID) || h.Pictures.RowsInMemory() != 2 {
		t.Fatalf("not served, or not kept: %d rows", h.Pictures.RowsInMemory())
	}
	if err := h.Pictures.Remove(t.Context(), ada.ID, guard.Client{}); err != nil {
		t.Fatal(err)
	}
	if opens(t, h, ada.ID) {
		t.Error("it is still served")
	}
}

// A picture that another process removed is not served after a second.
func TestPictureRemovedByAnotherProcess(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	h.SetPicture(t, ada.ID, house.LargeSide)
	h.Look(t)
	if !opens(t, h, ada.ID) {
		t.Fatal("not served")
	}
	err := h.OtherProcess(t).Tx(t.Context(), func(tx *store.Tx) error { return tx.DeletePicture(t.Context(), ada.ID) })
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Second)
	if opens(t, h, ada.ID) {
		t.Error("it is still served")
	}
}

// Addresses without a picture take no memory.
func TestUnknownPicturesAreNotKept(t *testing.T) {
	h := house.New(t, house.Options{})
	for range 10 {
		if _, err := h.Pictures.Open(t.Context(), "nobody", "a.png", 64); !errors.Is(err, media.ErrPictureNotFound) {
			t.Error(err)
		}
	}
	if n := h.Pictures.RowsInMemory(); n != 0 {
		t.Errorf("%d rows are kept", n)
	}
}

// An older name leads to the newest picture, from memory or not. A name that the picture
// never had is not found. Without a picture no name leads anywhere.
func TestOlderNamesLeadToTheNewestPicture(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	for _, name := range []string{"a.png", "b.png", "c.png"} {
		if _, err := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, name, 5), guard.Client{}); err != nil {
			t.Fatal(err)
		}
		h.Clock.Advance(time.Second)
	}
	h.Look(t)
	for range 2 { // the second time from memory
		for _, name := range []string{"a.png", "b.png"} {
			_, err := h.Pictures.Open(t.Context(), ada.ID, name, 0)
			if moved, ok := errors.AsType[*media.Moved](err); !ok || moved.To.Name != "c.png" || moved.To.UserID != ada.ID {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.Pictures.Open(t.Context(), ada.ID, "d.png", 0); !errors.Is(err, media.ErrPictureNotFound) {
			t.Errorf("a name that was never used: %v", err)
		}
		for _, name := range []string{"c.png", ""} { // empty: any
			p, err := h.Pictures.Open(t.Context(), ada.ID, name, 0)
			if err != nil || p.Name != "c.png" {
				t.Fatalf("%q: %+v, %v", name, p, err)
			}
			_ = p.Close()
		}
	}
	if err := h.Pictures.Remove(t.Context(), ada.ID, guard.Client{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Pictures.Open(t.Context(), ada.ID, "a.png", 0); !errors.Is(err, media.ErrPictureNotFound) {
		t.Errorf("after the removal: %v", err)
	}
}
