// Package datadir knows the paths, the lock and the secret keys of a data folder. It
// refuses to open a folder whose restore was cut off or whose database is lost.
package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/cardea-accounts/cardea/internal/durable"
)

// Dir are the paths of a data folder. Database and pictures may be elsewhere.
type Dir struct {
	Path     string // the folder
	Database string // the SQLite file
	Pictures string // the folder for pictures
}

// At returns the paths of a data folder. If database is empty, it is cardea.db in the
// folder; if pictures is empty, it is the folder pictures there.
func At(path, database, pictures string) Dir {
	if database == "" {
		database = filepath.Join(path, "cardea.db")
	}
	if pictures == "" {
		pictures = filepath.Join(path, "pictures")
	}
	return Dir{path, database, pictures}
}

// Staged is the path of the database during a restore. It gets its real name last, so a
// restore that was cut off is recognised.
func (d Dir) Staged() string { return d.Database + ".restoring" }

// LockFile is the path of the lock. It is next to the file that a link to the database
// leads to, so two servers that reach one database by different paths share the lock.
func (d Dir) LockFile() string { return d.resolved() + ".lock" }

// resolved is the path of the database without links. A missing file keeps its name.
func (d Dir) resolved() string {
	if path, err := filepath.EvalSymlinks(d.Database); err == nil {
		return path
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(d.Database))
	if err != nil {
		return d.Database
	}
	return filepath.Join(folder, filepath.Base(d.Database))
}

// ErrInUse: another process serves the same database.
var ErrInUse = errors.New("another Cardea server uses this database")

// Lock is held by the process that serves the database. The operating system releases
// it however the process ends.
type Lock struct{ flock *flock.Flock }

// Close releases the lock.
func (l *Lock) Close() error { return l.flock.Close() }

// Lock makes this process the only one that serves the database. Its folder must exist.
// Error: [ErrInUse].
func (d Dir) Lock() (*Lock, error) {
	for {
		lock := flock.New(d.LockFile(), flock.SetPermissions(0o600))
		locked, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("database: cannot lock it: %w", err)
		}
		if !locked {
			return nil, fmt.Errorf("%w: %s; stop the other one, or give this one its own data folder", ErrInUse, d.Database)
		}
		if isAt(d.LockFile(), lock) {
			return &Lock{lock}, nil
		}
		if err := lock.Close(); err != nil { // removed before it was locked: others lock a new file
			return nil, err
		}
	}
}

// isAt reports whether a locked file is still the one at a path.
func isAt(path string, lock *flock.Flock) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	locked, err := lock.Stat()
	return err == nil && os.SameFile(there, locked)
}

// ErrImporting: another process brings users in, or moves them.
var ErrImporting = errors.New("another import or move is running; wait until it is done")

// LockImport makes this process the only one that brings users in. A server may run beside it.
// Error: [ErrImporting].
func (d Dir) LockImport() (*Lock, error) {
	lock := flock.New(d.resolved()+".import.lock", flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("database: cannot lock it for an import: %w", err)
	}
	if !locked {
		return nil, ErrImporting
	}
	return &Lock{lock}, nil
}

// Claim prepares the folder for a server: it creates the folder if it is missing, locks
// the database, and refuses data that is not whole. The function hasPictures reports
// whether there are pictures. After an error, it removes a lock file that it has created, which
// would look like that of an earlier server. Errors: [ErrInUse], [ErrHalfRestored], [ErrLost].
func (d Dir) Claim(hasPictures func() bool) (*Lock, error) {
	if err := durable.MkdirAll(d.Path); err != nil {
		return nil, fmt.Errorf("data: cannot create the folder: %w", err)
	}
	wasServed := exists(d.LockFile())
	lock, err := d.Lock()
	if err != nil {
		return nil, err
	}
	err = d.RefuseHalfRestored()
	if err == nil {
		err = d.refuseLost(wasServed, hasPictures)
	}
	if err != nil && !wasServed {
		err = errors.Join(err, os.Remove(d.LockFile()))
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// ErrHalfRestored: a backup is being restored to the folder, or that was cut off.
var ErrHalfRestored = errors.New("a restore to this folder is running, or was cut off")

// RefuseHalfRestored fails with [ErrHalfRestored] during a restore and after one that was
// cut off, for instance by a crash.
func (d Dir) RefuseHalfRestored() error {
	_, staged := os.Lstat(d.Staged())
	_, whole := os.Lstat(d.Database)
	if staged == nil && whole != nil {
		return fmt.Errorf("data: %w: %s; if none is running, empty the folder and restore again", ErrHalfRestored, d.Path)
	}
	return nil
}

// ErrNotEmpty: a backup can be restored to an empty folder only.
var ErrNotEmpty = errors.New("is not empty")

// RefuseUsed fails unless a backup may be restored here: the folders for data and
// pictures are missing or empty, and there is no database. There may be a secret.key, see
// [Dir.RestoreSecret], unless pictures are in the same folder: a restore that fails removes everything
// among them. Errors: [ErrHalfRestored], [ErrNotEmpty].
func (d Dir) RefuseUsed() error {
	if err := d.RefuseHalfRestored(); err != nil {
		return err
	}
	for _, folder := range []string{d.Path, d.Pictures} {
		mayHave := d.SecretFile()
		if folder == d.Pictures {
			mayHave = ""
		}
		empty, err := isEmpty(folder, mayHave)
		if err != nil {
			return err
		}
		if !empty {
			return fmt.Errorf("%s %w: a backup is restored to an empty folder; nothing was changed", folder, ErrNotEmpty)
		}
	}
	switch _, err := os.Lstat(d.Database); {
	case err == nil:
		return fmt.Errorf("%s exists already; nothing was changed: %w", d.Database, fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// LostAndFound is in the root of every ext file system, so a folder with it counts as empty.
const LostAndFound = "lost+found"

// isEmpty reports whether a folder is missing, or has nothing but what may be there: lost+found, and
// the file mayHave.
func isEmpty(folder, mayHave string) (bool, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, e := range entries {
		if e.Name() != LostAndFound && filepath.Join(folder, e.Name()) != mayHave {
			return false, nil
		}
	}
	return true, nil
}
