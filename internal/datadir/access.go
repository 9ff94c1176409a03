package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrOpen: others on this machine can read or change the data.
var ErrOpen = errors.New("others can read or change it")

// bits of a mode that give others access.
const others = 0o007

// MakePrivate takes the folder's permissions from others, before there is a database in it.
// Operators make the folder with the usual mode, which lets everybody read it.
func (d Dir) MakePrivate() error {
	info, err := os.Stat(d.Path)
	if err != nil || exists(d.Database) || info.Mode()&others == 0 {
		return err
	}
	if err := os.Chmod(d.Path, info.Mode().Perm()&^others); err != nil {
		return nil //nolint:nilerr // RefuseOpen reports it
	}
	return nil
}

// RefuseOpenFile fails with [ErrOpen] if anyone other than the owner and the group has permissions for
// a file with a secret. It does not look at links, such as those in mounted secrets.
func RefuseOpenFile(path string) error {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode()&others == 0 {
		return nil //nolint:nilerr // reading the file fails with the same error
	}
	return openError(path, info.Mode())
}

func openError(path string, mode fs.FileMode) error {
	return fmt.Errorf("%s has mode %04o: %w; run chmod o= %[1]s", path, mode.Perm(), ErrOpen)
}

// RefuseOpen fails with [ErrOpen], once for each, if others than the owner and the group
// have permissions for the data folder, the database or secret.key. A key that is a link
// is not looked at: who may read it is decided where it is mounted.
func (d Dir) RefuseOpen() error {
	var errs []error
	for _, path := range []string{d.Path, d.Database, d.SecretFile()} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) || path == d.SecretFile() && isLink(path) {
			continue
		}
		if err != nil {
			errs = append(errs, err)
		} else if info.Mode()&others != 0 {
			errs = append(errs, openError(path, info.Mode()))
		}
	}
	return errors.Join(errs...)
}
