package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrLost: the database is missing or empty, but a server has used the folder before.
var ErrLost = errors.New("the database is lost")

// RefuseLost fails with [ErrLost] if the database is missing or empty, and something is
// left of an earlier server: pictures, the database's log, or the secret key that the
// first start creates. The function hasPictures reports whether there are pictures.
func (d Dir) RefuseLost(hasPictures func() bool) error {
	return d.refuseLost(exists(d.LockFile()), hasPictures)
}

// refuseLost is told whether there was a lock file before this process made one.
func (d Dir) refuseLost(wasServed bool, hasPictures func() bool) error {
	info, err := os.Stat(d.Database)
	switch {
	case err == nil && info.Size() > 0:
		return nil
	case err == nil:
		return d.lost("is empty", d.left(false, wasServed, hasPictures))
	case !errors.Is(err, fs.ErrNotExist):
		return nil // opening the database reports it
	case isLink(d.Database):
		return fmt.Errorf("%w: %s is a link to a file that does not exist. Mount what it leads to; or, to start without users, remove the link",
			ErrLost, d.Database)
	}
	return d.lost("is missing", d.left(true, wasServed, hasPictures))
}

// lost is the error for a database when something is left of it; nil if nothing is.
func (d Dir) lost(state, left string) error {
	if left == "" {
		return nil
	}
	return fmt.Errorf("%w: %s %s, but there %s. Restore a backup; or, to start without users, move that elsewhere",
		ErrLost, d.Database, state, left)
}

// left says what a server left behind, after the word there; empty if there is nothing.
//
// A key alone proves nothing, because operators may put it there before the first start.
// The first start creates the database, the picture folder and the key, in this order. So
// a key next to a lock file or a picture folder was there with a database. An empty
// database may be a first start that was interrupted, so it needs both.
func (d Dir) left(isMissing, wasServed bool, hasPictures func() bool) string {
	log := d.resolved() + "-wal"
	if info, err := os.Stat(log); err == nil && info.Size() > 0 {
		return "is its log " + log
	}
	if hasPictures() {
		return "are pictures in " + d.Pictures
	}
	key, err := os.Lstat(d.SecretFile())
	hadPictures := exists(d.Pictures)
	hadServer := wasServed && hadPictures
	if isMissing {
		hadServer = wasServed || hadPictures && filepath.Dir(d.Pictures) == filepath.Clean(d.Path)
	}
	if err == nil && key.Mode().IsRegular() && hadServer {
		return "is its secret key " + d.SecretFile()
	}
	return ""
}

// exists reports whether there is something at a path, even a dangling link.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}
