package datadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// scratchPrefix begins the names of scratch folders.
const scratchPrefix = ".cardea-scratch-"

// Scratch makes a folder for large temporary files. It is in the folder near or, if that is
// missing, in the next one above; in the system's folder for temporary files if nothing can be
// written there. Those of processes that died are removed first.
func Scratch(near string) (folder string, remove func() error, err error) {
	for !exists(near) && filepath.Dir(near) != near {
		near = filepath.Dir(near)
	}
	removeLeftovers(near)
	if folder, err = os.MkdirTemp(near, scratchPrefix); err != nil {
		removeLeftovers(os.TempDir())
		if folder, err = os.MkdirTemp("", scratchPrefix); err != nil {
			return "", nil, fmt.Errorf("cannot write to %s, nor to %s, the folder for temporary files: %w; name another one in TMPDIR", near, os.TempDir(), err)
		}
	}
	lock := flock.New(scratchLock(folder), flock.SetPermissions(0o600))
	remove = func() error { return errors.Join(os.RemoveAll(folder), lock.Close()) }
	if _, err := lock.TryLock(); err != nil {
		return "", nil, errors.Join(fmt.Errorf("cannot lock %s: %w", folder, err), remove())
	}
	return folder, remove, nil
}

func scratchLock(folder string) string { return filepath.Join(folder, "lock") }

// removeLeftovers removes the scratch folders whose process died. One that is younger than a
// minute may not be locked yet.
func removeLeftovers(folder string) {
	names, _ := filepath.Glob(filepath.Join(folder, scratchPrefix+"*"))
	for _, name := range names {
		info, err := os.Lstat(name)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		lock := flock.New(scratchLock(name), flock.SetPermissions(0o600))
		if isFree, err := lock.TryLock(); err == nil && isFree {
			_ = os.RemoveAll(name) // the next one tries again
			_ = lock.Close()
		}
	}
}
