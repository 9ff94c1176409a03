package datadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// scratchPrefix begins the names of scratch folders.
const scratchPrefix = ".cardea-scratch-"

// Scratch makes a folder for large temporary files. It is in the folder near or, if that is
// missing or cannot be written, in the system's folder for temporary files. Those of processes that
// died are removed first.
func Scratch(near string) (folder string, remove func() error, err error) {
	RemoveScratch(near)
	if folder, err = os.MkdirTemp(near, scratchPrefix); err != nil {
		if folder, err = os.MkdirTemp("", scratchPrefix); err != nil {
			return "", nil, fmt.Errorf("cannot write to %s, nor to %s, the folder for temporary files: %w; name another one in TMPDIR", near, os.TempDir(), err)
		}
	}
	lock := flock.New(scratchLock(folder)+".new", flock.SetPermissions(0o600))
	remove = func() error { return errors.Join(os.RemoveAll(folder), lock.Close()) }
	_, err = lock.TryLock()
	if err == nil { // under its name, it is locked from the start
		err = os.Rename(lock.Path(), scratchLock(folder))
	}
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("cannot lock %s: %w", folder, err), remove())
	}
	return folder, remove, nil
}

func scratchLock(folder string) string { return filepath.Join(folder, "lock") }

// RemoveScratch removes what [Scratch] has made for processes that died, with the same folder near.
func RemoveScratch(near string) {
	removeLeftovers(near)
	removeLeftovers(os.TempDir())
}

// removeLeftovers removes the scratch folders of this user whose process died. One without a lock
// that is younger than a minute may get one.
func removeLeftovers(folder string) {
	names, _ := filepath.Glob(filepath.Join(folder, scratchPrefix+"*"))
	for _, name := range names {
		info, err := os.Lstat(name)
		if err != nil || !info.IsDir() || !exists(scratchLock(name)) && time.Since(info.ModTime()) < time.Minute {
			continue
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
			continue
		}
		lock := flock.New(scratchLock(name), flock.SetPermissions(0o600))
		if isFree, err := lock.TryLock(); err == nil && isFree {
			_ = os.RemoveAll(name) // the next one tries again
			_ = lock.Close()
		}
	}
}
