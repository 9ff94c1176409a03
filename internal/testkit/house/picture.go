package house

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// LargeSide is the side of a picture with four crops that are files of their own. The
// crops of a picture below 64 pixels are all one file.
const LargeSide = 600

// PNG draws a square picture of one colour.
func PNG(t testing.TB, side int) []byte {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.NRGBA{R: 200, A: 255}})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Upload is a square picture as a client sends it.
func Upload(t testing.TB, filename string, side int) media.Upload {
	t.Helper()
	return media.Upload{Filename: filename, Data: PNG(t, side)}
}

// SetPicture gives a user the picture a.png with the given side, and returns its row.
func (h *House) SetPicture(t testing.TB, userID string, side int) store.Picture {
	t.Helper()
	if _, err := h.Pictures.Set(t.Context(), userID, Upload(t, "a.png", side), guard.Client{}); err != nil {
		t.Fatal(err)
	}
	return h.Picture(t, userID)
}

// Picture returns the row of a user's picture.
func (h *House) Picture(t testing.TB, userID string) store.Picture {
	t.Helper()
	row, err := h.DB.PictureOfUser(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// HaltedUpload starts an upload of a user and halts it when its file is announced and
// written, but no row names it. The returned function finishes the upload.
func (h *House) HaltedUpload(t testing.TB, userID string) (finish func() error) {
	t.Helper()
	written, halted, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	finish = sync.OnceValue(func() error { close(halted); return <-done })
	t.Cleanup(func() { _ = finish() })
	h.Storage.AfterPut = func() { close(written); <-halted }
	upload := Upload(t, "a.png", 50)
	go func() {
		_, err := h.Pictures.Set(t.Context(), userID, upload, guard.Client{})
		done <- err
	}()
	<-written
	h.Storage.AfterPut = nil
	return finish
}

// Path returns where a file of the storage lies.
func (h *House) Path(key string) string { return filepath.Join(h.Folder, "pictures", key[:2], key) }

// Read reads a file.
func (h *House) Read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path) //nolint:gosec // the test names the file
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Files lists the keys in the storage.
func (h *House) Files(t testing.TB) (keys []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(h.Folder, "pictures"), func(path string, d fs.DirEntry, err error) error {
		if d.Name() == s3.Scratch {
			return filepath.SkipDir
		}
		if err == nil && !d.IsDir() {
			keys = append(keys, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Orphans lists the keys that are to be removed from the storage, at any time.
func (h *House) Orphans(t testing.TB) []string {
	t.Helper()
	keys, err := h.DB.DueOrphans(t.Context(), h.Clock.Now().Add(1000*time.Hour), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Storage is a picture storage that fails where it is told to.
type Storage struct {
	blob.Store
	FailPut, FailDelete error
	// By key:
	FailOpen, FailRead, FailDeleteOf map[string]error

	AfterPut func() // called after each file was stored; may be nil
}

// Put stores half of the data if it is to fail.
func (s *Storage) Put(ctx context.Context, key string, data []byte) error {
	if s.FailPut != nil {
		_ = s.Store.Put(ctx, key, data[:len(data)/2])
		return s.FailPut
	}
	err := s.Store.Put(ctx, key, data)
	if s.AfterPut != nil {
		s.AfterPut()
	}
	return err
}

// Open implements [blob.Store].
func (s *Storage) Open(ctx context.Context, key string) (blob.Blob, error) {
	if err := s.FailOpen[key]; err != nil {
		return nil, err
	}
	b, err := s.Store.Open(ctx, key)
	if failure := s.FailRead[key]; err == nil && failure != nil {
		b = unreadable{b, failure}
	}
	return b, err
}

// Delete implements [blob.Store].
func (s *Storage) Delete(ctx context.Context, key string) error {
	if s.FailDelete != nil {
		return s.FailDelete
	}
	if err := s.FailDeleteOf[key]; err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

type unreadable struct {
	blob.Blob
	err error
}

func (u unreadable) Read([]byte) (int, error) { return 0, u.err }
