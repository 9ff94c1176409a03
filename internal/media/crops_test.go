package media_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// withoutCrops gives a user a picture, and removes the crops as a backup that leaves them
// out does. It returns the picture as it was.
func withoutCrops(t *testing.T, h *house.House, userID string, side int) store.Picture {
	t.Helper()
	row := h.SetPicture(t, userID, side)
	without := row
	without.CropsVersion, without.Crops = "", nil
	if err := h.DB.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetPicture(t.Context(), without) }); err != nil {
		t.Fatal(err)
	}
	for _, f := range row.Files()[1:] {
		if err := os.Remove(h.Path(f.Key)); err != nil {
			t.Fatal(err)
		}
	}
	return row
}

// The sweep makes missing crops, a limited number each time. It passes over a picture
// that cannot be cropped and logs that once.
func TestSweepMakesCrops(t *testing.T) {
	h := house.New(t, house.Options{})
	const all = media.CropBatch + 5
	h.Crowd(t, all)
	for i := range all {
		withoutCrops(t, h, fmt.Sprintf("p%d", i), 5)
	}
	broken := fmt.Sprintf("p%d", all/2)
	if err := os.WriteFile(h.Path(h.Picture(t, broken).Key), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	missing := func() int {
		ids, err := h.DB.PicturesWithoutCrops(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		return len(ids)
	}
	for i := range 3 {
		if err := h.Pictures.SweepCrops(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := missing(); i == 0 && (n < all-media.CropBatch || n > all-media.CropBatch+1) {
			t.Errorf("after one sweep %d have no crops", n)
		}
	}
	if n := missing(); n != 1 || h.Picture(t, broken).CropsVersion != "" {
		t.Errorf("after all sweeps %d have no crops", n)
	}
	if n := strings.Count(h.Log.String(), "picture stays without crops"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, h.Log)
	}
	if orphans := h.Orphans(t); len(orphans) != 0 {
		t.Errorf("orphans %v", orphans)
	}
}

// If the storage fails, a later sweep makes the crops, and no file is left over.
func TestCropsAreMadeWhenTheStorageWorksAgain(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	want := withoutCrops(t, h, ada.ID, house.LargeSide)
	h.Storage.FailPut = blob.ErrFull
	if err := h.Pictures.SweepCrops(t.Context()); err == nil {
		t.Error("the sweep did not fail")
	}
	wantStored(t, h, "while the storage fails", 1, 0)
	h.Storage.FailPut = nil
	if err := h.Pictures.SweepCrops(t.Context()); err != nil {
		t.Error(err)
	}
	if got := h.Picture(t, ada.ID); len(got.Files()) != 5 || got.CropsVersion != want.CropsVersion {
		t.Errorf("%+v", got)
	}
}

// If a picture is replaced while crops are made of it, none of them is left over.
func TestCropsOfAReplacedPicture(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	before := withoutCrops(t, h, ada.ID, house.LargeSide)
	h.Storage.AfterPut = func() {
		h.Storage.AfterPut = nil
		h.SetPicture(t, ada.ID, 5)
	}
	if err := h.Pictures.SweepCrops(t.Context()); err != nil {
		t.Error(err)
	}
	got := h.Picture(t, ada.ID)
	if h.Storage.AfterPut != nil || got.Key == before.Key {
		t.Errorf("not replaced: %+v", got)
	}
	wantStored(t, h, "afterwards", len(got.Files()), 0)
}
