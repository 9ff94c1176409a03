package account

import (
	"errors"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// opens tells whether the picture a.png of a person is served, in a size and whole.
func (b *bench) opens(t *testing.T, user User) (served bool) {
	t.Helper()
	for _, side := range []int{0, 64} {
		p, err := b.OpenPicture(t.Context(), user.ID+"_a.png", side)
		if served = err == nil; served {
			_ = p.Close() // it was only opened
		} else if !errors.Is(err, ErrPictureNotFound) {
			t.Errorf("%d: %v", side, err)
		}
	}
	return served
}

// A picture that was served a moment ago is gone with its row, even while its file
// cannot be removed.
func TestRemovedPictureIsNotServedFromMemory(t *testing.T) {
	b := newBench(t)
	user, _ := b.withLargePicture(t, "ann@example.com")
	b.sessions.look(t.Context(), b.now) // as Run does
	b.storage.delete = errors.New("no such device")
	if !b.opens(t, user) {
		t.Fatal("it is not there")
	}
	if _, known := b.knownPicture(pictureKey{user.ID, 64}); !known {
		t.Error("it is not kept in memory")
	}
	if err := b.RemovePicture(t.Context(), user.ID, Client{}); err != nil {
		t.Fatal(err)
	}
	if b.opens(t, user) {
		t.Error("it is still served")
	}
}

// What another process has removed is gone within a second.
func TestPictureRemovedByAnotherProcess(t *testing.T) {
	b := newBench(t)
	user, _ := b.withLargePicture(t, "ann@example.com")
	b.sessions.look(t.Context(), b.now)
	if !b.opens(t, user) {
		t.Fatal("it is not there")
	}
	other, err := sqlite.OpenExisting(t.Context(), b.file)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close() //nolint:errcheck // the test is over
	if err := other.Tx(t.Context(), func(tx *store.Tx) error { return tx.DeletePicture(t.Context(), user.ID) }); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(watchTrust)
	if b.opens(t, user) {
		t.Error("it is still served")
	}
}

// Addresses that are none are not kept in memory.
func TestUnknownPicturesAreNotKept(t *testing.T) {
	b := newBench(t)
	for range 10 {
		if _, err := b.OpenPicture(t.Context(), "nobody_a.png", 64); !errors.Is(err, ErrPictureNotFound) {
			t.Error(err)
		}
	}
	if n := b.rows.EstimatedSize(); n != 0 {
		t.Errorf("%d rows are kept", n)
	}
}
