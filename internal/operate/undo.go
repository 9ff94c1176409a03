package operate

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/durable"
	"github.com/cardea-accounts/cardea/internal/storage"
)

// undo removes what was made, in reverse order.
type undo struct{ steps []func() error }

func (u *undo) undo() error {
	var errs []error
	for i := len(u.steps) - 1; i >= 0; i-- {
		if err := u.steps[i](); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// keep forgets all steps: what was made is complete and stays.
func (u *undo) keep() { u.steps = nil }

// folder makes a folder and the missing folders above it. What is there already stays
// after undo, even a dangling link.
func (u *undo) folder(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := u.folder(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	u.steps = append(u.steps, func() error {
		_ = os.Remove(path) // fails if somebody else keeps something in it
		return nil
	})
	return durable.SyncFolder(filepath.Dir(path))
}

// file notes a file that is about to be made. It stays after undo if it is there already.
func (u *undo) file(path string) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	u.madeFile(path)
}

// madeFile notes a file that was made.
func (u *undo) madeFile(path string) {
	u.steps = append(u.steps, func() error { return os.Remove(path) })
}

// inStorage notes that everything in an empty bucket is about to be made.
func (u *undo) inStorage(ctx context.Context, files *storage.Filling) {
	u.steps = append(u.steps, func() error { return files.Discard(ctx) })
}

// inside notes that everything in an empty folder is about to be made.
func (u *undo) inside(path string) {
	u.steps = append(u.steps, func() error {
		entries, err := os.ReadDir(path)
		for _, e := range entries {
			if e.Name() != datadir.LostAndFound {
				err = errors.Join(err, os.RemoveAll(filepath.Join(path, e.Name())))
			}
		}
		return err
	})
}
