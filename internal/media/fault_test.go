package media_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob/s3"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// isUnavailable reports whether an error is answered with 503.
func isUnavailable(err error) bool {
	e, ok := errors.AsType[*guard.Error](err)
	return ok && e.Kind == guard.KindUnavailable
}

// A file that is not the one that was stored is never served, neither the first time nor
// after it was. Put right, it is served again.
func TestDamagedFilesAreNotServed(t *testing.T) {
	for name, damage := range map[string]func(whole []byte) []byte{
		"cut off":     func(whole []byte) []byte { return whole[:len(whole)/2] },
		"empty":       func([]byte) []byte { return nil },
		"longer":      func(whole []byte) []byte { return append(whole, 0) },
		"another bit": func(whole []byte) []byte { whole[len(whole)/2] ^= 1; return whole },
	} {
		for _, wasServed := range []bool{false, true} {
			for _, side := range []int{0, 64} {
				h := house.New(t, house.Options{})
				ada, _ := h.Register(t, "ada@example.com")
				row := h.SetPicture(t, ada.ID, house.LargeSide)
				key := row.Key
				if side != 0 {
					key = row.Crops[0].Key
				}
				open := func() error {
					p, err := h.Pictures.Open(t.Context(), ada.ID, "a.png", side)
					if err == nil {
						_ = p.Close()
					}
					return err
				}
				if wasServed {
					if err := open(); err != nil {
						t.Fatal(err)
					}
				}
				whole := h.Read(t, h.Path(key))
				for _, c := range []struct {
					data []byte
					ok   bool
				}{{damage(append([]byte(nil), whole...)), false}, {whole, true}} {
					if err := os.WriteFile(h.Path(key), c.data, 0o600); err != nil {
						t.Fatal(err)
					}
					later := time.Now().Add(time.Second) // of this write, whatever the clock's steps are
					if err := os.Chtimes(h.Path(key), later, later); err != nil {
						t.Fatal(err)
					}
					if err := open(); c.ok != (err == nil) || err != nil && !isDamage(err) {
						t.Errorf("%s, served before: %v, side %d: %v", name, wasServed, side, err)
					}
				}
			}
		}
	}
}

// While the database names pictures and the folder is missing or empty, a disk is not
// mounted: nothing is made or written there, and the server is not ready.
func TestStorageThatIsNotThere(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	folder := filepath.Join(h.Folder, "pictures")
	if err := h.Pictures.Check(t.Context()); err != nil {
		t.Errorf("an empty folder before the first picture: %v", err)
	}
	h.SetPicture(t, ada.ID, 10)
	away := filepath.Join(h.Folder, "away")
	if err := os.Rename(folder, away); err != nil {
		t.Fatal(err)
	}
	for what, make := range map[string]func() error{
		"missing": func() error { return nil },
		"empty":   func() error { return os.Mkdir(folder, 0o700) },
	} {
		if err := make(); err != nil {
			t.Fatal(err)
		}
		if _, err := storage.Open(t.Context(), h.DB, folder, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if err := h.Pictures.Check(t.Context()); !errors.Is(err, media.ErrStorageGone) && (what != "missing" || !errors.Is(err, s3.ErrSetup)) {
			t.Errorf("%s: Check: %v", what, err)
		}
		if _, err := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, "b.png", 10), guard.Client{}); !isUnavailable(err) {
			t.Errorf("%s: uploaded: %v", what, err)
		}
		if _, err := os.Stat(folder); (err == nil) != (what == "empty") {
			t.Errorf("%s: the folder: %v", what, err)
		}
		_ = os.Remove(folder) // if it is there
	}
	if err := os.Rename(away, folder); err != nil {
		t.Fatal(err)
	}
	if err := h.Pictures.Check(t.Context()); err != nil {
		t.Errorf("back: %v", err)
	}
	h.SetPicture(t, ada.ID, 20)
}

// A picture that is dated in the future, because the clock was set back since, is served
// with the date of the answer, and the next one has a date of its own.
func TestPicturesDatedInTheFuture(t *testing.T) {
	h := house.New(t, house.Options{})
	h.Clock.Advance(100 * time.Hour)
	ada, _ := h.Register(t, "ada@example.com")
	h.SetPicture(t, ada.ID, 10)
	h.Clock.Advance(-100 * time.Hour)
	for range 2 {
		p, err := h.Pictures.Open(t.Context(), ada.ID, "a.png", 0)
		if err != nil {
			t.Fatal(err)
		}
		if now := h.Clock.Now(); p.UpdatedAt.After(now) {
			t.Errorf("dated %v at %v", p.UpdatedAt, now)
		}
		_ = p.Close()
		h.SetPicture(t, ada.ID, 20)
	}
}
