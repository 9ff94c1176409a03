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

// Scratch makes a folder for large temporary files, as [ScratchIn] does. It is in the folder near or,
// if that is missing or cannot be written, in the system's folder for temporary files.
func Scratch(near string) (folder string, remove func() error, err error) {
	removeLeftovers(os.TempDir())
	if folder, remove, err = ScratchIn(near); err == nil {
		return folder, remove, nil
	}
	if folder, remove, err = ScratchIn(os.TempDir()); err != nil {
		err = fmt.Errorf("cannot write to %s, nor to %s, the folder for temporary files: %w; name another one in TMPDIR", near, os.TempDir(), err)
	}
	return folder, remove, err
}

// ScratchIn makes a folder for large temporary files in another one. First it removes those of
// processes that died.
func ScratchIn(parent string) (folder string, remove func() error, err error) {
	removeLeftovers(parent)
	if folder, err = os.MkdirTemp(parent, scratchPrefix); err != nil {
		return "", nil, err
	}
	lock := flock.New(scratchLock(folder)+".new", flock.SetPermissions(0o600))
	remove = func() error { return errors.Join(os.RemoveAll(folder), lock.Close()) }
	if _, err := lock.TryLock(); err != nil {
		return folder, remove, nil //nolint:nilerr // without locks, nobody else removes it either
	}
	if err := os.Rename(lock.Path(), scratchLock(folder)); err != nil { // under its name, it is locked from the start
		return "", nil, errors.Join(err, remove())
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
