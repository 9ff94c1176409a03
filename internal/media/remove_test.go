package media_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// A file that cannot be removed at once is removed by a later sweep.
func TestRemovalIsTriedAgain(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	h.SetPicture(t, ada.ID, 5)
	h.Storage.FailDelete = errors.New("no such device")
	if err := h.Pictures.Remove(t.Context(), ada.ID, guard.Client{}); err != nil {
		t.Fatal(err)
	}
	if err := h.Pictures.SweepOrphans(t.Context()); !errors.Is(err, h.Storage.FailDelete) {
		t.Errorf("the sweep: %v", err)
	}
	wantStored(t, h, "while the storage fails", 1, 1)
	h.Storage.FailDelete = nil
	sweep(t, h)
	wantStored(t, h, "afterwards", 0, 0)
	if strings.Count(h.Log.String(), "no such device") != 1 {
		t.Errorf("the log:\n%s", h.Log)
	}
}

// Crops that could not be removed with their pictures go with a later sweep, too.
func TestCropsAreRemovedLater(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	h.SetPicture(t, ada.ID, house.LargeSide)
	h.Storage.FailDelete = errors.New("no such device")
	h.SetPicture(t, ada.ID, house.LargeSide/2)
	if err := h.Pictures.Remove(t.Context(), ada.ID, guard.Client{}); err != nil {
		t.Fatal(err)
	}
	wantStored(t, h, "while the storage fails", 9, 9)
	h.Storage.FailDelete = nil
	sweep(t, h)
	wantStored(t, h, "afterwards", 0, 0)
}

// Without a picture there is nothing to remove, and no event.
func TestRemoveWithoutPicture(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	if err := h.Pictures.Remove(t.Context(), ada.ID, guard.Client{}); err != nil || len(h.Events(t, ada.ID)) != 1 {
		t.Errorf("%v, events %v", err, h.Events(t, ada.ID))
	}
}

// A picture whose file is lost is our failure, not "not found".
func TestLostFile(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	bob, _ := h.Register(t, "bob@example.com")
	h.SetPicture(t, bob.ID, 5) // an empty storage is missing, not damaged
	if err := os.Remove(h.Path(h.SetPicture(t, ada.ID, 5).Key)); err != nil {
		t.Fatal(err)
	}
	_, err := h.Pictures.Open(t.Context(), ada.ID, "a.png", 0)
	if !isDamage(err) {
		t.Errorf("error %v", err)
	}
}

func isDamage(err error) bool {
	e, ok := errors.AsType[*guard.Error](err)
	return ok && e.Kind == guard.KindInternal && errors.Is(err, media.ErrDamaged)
}
