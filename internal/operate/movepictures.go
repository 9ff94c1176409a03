package operate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
)

// movedFiles copies picture files to another storage. Files never change, so each is copied once.
type movedFiles struct {
	from *media.Pictures
	to   *storage.Filling

	mu    sync.Mutex
	known map[string]bool // keys of copied files; true: the final list of pictures has the file, too
}

// picturePatience limits the time of all attempts to copy one picture. A server of a bucket that fails
// now and then must not end a move after an hour of copying. During the pause, when users wait, the
// limit is pausedPatience.
const (
	picturePatience = time.Minute
	pausedPatience  = 15 * time.Second
)

// pictureList is a database that lists its pictures.
type pictureList interface {
	PicturesAfter(ctx context.Context, userID string, limit int) ([]store.Picture, error)
}

// ownerInterval is the time between two checks that no other move has begun to the same storage.
const ownerInterval = 10 * time.Second

// copyAll copies the files of all pictures that are not copied yet. isFinal says that the list
// cannot change any more, so a missing picture is an error.
func (m *movedFiles) copyAll(ctx context.Context, list pictureList, isFinal bool, progress func(done int64)) error {
	var done int64
	checked := time.Now()
	work := func(ctx context.Context, row store.Picture) error { return m.copyPatiently(ctx, row, isFinal) }
	return inParallel(ctx, func(add func(store.Picture) error) error {
		return eachPicture(ctx, list, func(row store.Picture) error {
			if time.Since(checked) > ownerInterval {
				if err := m.to.CheckOwner(ctx); err != nil {
					return err
				}
				checked = time.Now()
			}
			done++
			progress(done)
			if m.note(row, isFinal) {
				return nil
			}
			return add(row)
		})
	}, work)
}

// note reports whether all files of a picture are copied. If the list is final, it notes that the
// list has them.
func (m *movedFiles) note(row store.Picture, isFinal bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	hasAll := true
	for _, f := range row.Files() {
		_, has := m.known[f.Key]
		if has && isFinal {
			m.known[f.Key] = true
		}
		hasAll = hasAll && has
	}
	return hasAll
}

// copyPatiently copies the files of a picture, and repeats that while a bucket's server fails.
func (m *movedFiles) copyPatiently(ctx context.Context, row store.Picture, isFinal bool) error {
	patience := picturePatience
	if isFinal {
		patience = pausedPatience
	}
	var damaged error // another attempt would not help
	err := storage.Patiently(ctx, patience, func(ctx context.Context) error {
		err := m.copyPicture(ctx, row, isFinal)
		if errors.Is(err, media.ErrDamaged) || errors.Is(err, errDiffers) {
			damaged, err = err, nil
		}
		return err
	})
	return errors.Join(damaged, err)
}

func (m *movedFiles) copyPicture(ctx context.Context, row store.Picture, isFinal bool) error {
	stored, err := m.from.Read(ctx, row)
	if errors.Is(err, media.ErrPictureNotFound) && !isFinal { // removed meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	if len(stored.Damaged) > 0 {
		return fmt.Errorf("%w; cardea check lists all damaged pictures. Have the users upload them again, or make a backup with --skip-damaged and restore that",
			stored.Damaged[0].Err)
	}
	for _, f := range stored.Files {
		m.mu.Lock()
		_, has := m.known[f.Key]
		m.mu.Unlock()
		if has {
			continue
		}
		if err := putAndCompare(ctx, m.to, f); err != nil {
			return err
		}
		m.mu.Lock()
		m.known[f.Key] = isFinal
		m.mu.Unlock()
	}
	return nil
}

// errDiffers means that a file reads differently from what was written.
var errDiffers = errors.New("storage: the copy of a picture in the target differs from what was written")

// putAndCompare stores a file, reads it again and compares it.
func putAndCompare(ctx context.Context, to blob.Store, f media.File) error {
	if err := to.Put(ctx, f.Key, f.Data); err != nil {
		return fmt.Errorf("storage: cannot write the picture %s to the target: %w", f.Key, err)
	}
	there, err := readAll(ctx, to, f.Key)
	if err != nil {
		return fmt.Errorf("storage: cannot read the picture %s from the target: %w", f.Key, err)
	}
	if !bytes.Equal(there, f.Data) {
		return fmt.Errorf("%w: %s; the disk or server there may be failing", errDiffers, f.Key)
	}
	return nil
}

func readAll(ctx context.Context, files blob.Store, key string) ([]byte, error) {
	b, err := files.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(b)
	return data, errors.Join(err, b.Close())
}

// removeOthers removes copies of pictures that were replaced before the pause, and returns how many
// files are left.
func (m *movedFiles) removeOthers(ctx context.Context) (n int64, err error) {
	err = inParallel(ctx, func(add func(string) error) error {
		for key, isListed := range m.known {
			if isListed {
				n++
			} else if err := add(key); err != nil {
				return err
			}
		}
		return nil
	}, m.remove)
	return n, err
}

func (m *movedFiles) remove(ctx context.Context, key string) error {
	err := storage.Patiently(ctx, pausedPatience, func(ctx context.Context) error { return m.to.Delete(ctx, key) })
	if err != nil {
		return fmt.Errorf("storage: cannot remove the picture %s from the target: %w", key, err)
	}
	return nil
}
