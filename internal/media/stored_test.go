package media_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

func osError(op string, err error) error {
	return &fs.PathError{Op: op, Path: "/data/pictures/file", Err: err}
}

// Each file that cannot be used is reported with the reason, without a path. The others
// are read.
func TestDamagedFilesAreReportedEach(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	row := h.SetPicture(t, ada.ID, house.LargeSide)
	files := row.Files()
	if err := errors.Join(os.Remove(h.Path(files[0].Key)), os.WriteFile(h.Path(files[1].Key), []byte("other"), 0o600)); err != nil {
		t.Fatal(err)
	}
	h.Storage.FailOpen = map[string]error{files[2].Key: osError("open", syscall.EACCES)}
	h.Storage.FailRead = map[string]error{files[3].Key: osError("read", syscall.EIO)}
	stored, err := h.Pictures.Read(t.Context(), row)
	if err != nil || len(stored.Damaged) != 4 || len(stored.Files) != 1 || stored.Files[0].Key != files[4].Key {
		t.Fatalf("%+v, %v", stored, err)
	}
	for i, words := range []string{
		"is missing from the storage", "is not what was stored", "cannot be read: permission denied", "cannot be read: input/output error",
	} {
		damage := stored.Damaged[i]
		if damage.Key != files[i].Key || !errors.Is(damage.Err, media.ErrDamaged) || !strings.Contains(damage.Err.Error(), words) ||
			!strings.Contains(damage.Err.Error(), ada.ID) || strings.Contains(damage.Err.Error(), "/data/") {
			t.Errorf("%d: %+v, want %s", i, damage, words)
		}
	}
}

// If the caller gives up, the picture is not called damaged.
func TestInterruptedReadFindsNoDamage(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	row := h.SetPicture(t, ada.ID, 5)
	h.Storage.FailRead = map[string]error{row.Key: errors.New("read too late")}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if stored, err := h.Pictures.Read(ctx, row); err == nil || errors.Is(err, media.ErrDamaged) {
		t.Errorf("%+v, %v", stored, err)
	}
}

// If the picture was replaced since its row was read, the newer one is read.
func TestReadFollowsTheRow(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	before := h.SetPicture(t, ada.ID, 5)
	after := h.SetPicture(t, ada.ID, 6)
	if stored, err := h.Pictures.Read(t.Context(), before); err != nil || stored.Key != after.Key || len(stored.Damaged) != 0 || len(stored.Files) != 1 {
		t.Errorf("replaced: %+v, %v", stored, err)
	}
	if err := h.Pictures.Remove(t.Context(), ada.ID, guard.Client{}); err != nil {
		t.Fatal(err)
	}
	if stored, err := h.Pictures.Read(t.Context(), before); !errors.Is(err, media.ErrPictureNotFound) {
		t.Errorf("removed: %+v, %v", stored, err)
	}
}
