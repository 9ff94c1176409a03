package cardea

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
)

// Progress is told how much of some work is done, of how much in all (0: nobody
// knows); it is called often.
type Progress func(what string, done, total int64)

// BackupOptions say how a backup is made. The zero value is fine.
type BackupOptions struct {
	Release     string        // of the program, for the record
	SkipDamaged bool          // leave damaged pictures out instead of failing, and a damaged device.key
	Found       func(Problem) // called for each that is left out; required with SkipDamaged
	Progress    Progress
}

// Contents says what a backup holds, or a data folder.
type Contents struct {
	Release   string    // that made the backup; empty for a data folder
	CreatedAt time.Time // of the backup
	People    int64
	Sessions  int64
	Pictures  int64
	Skipped   int64    // damaged pictures that were left out
	DeviceKey KeyState // a damaged one was left out of the backup, or of the restored folder
}

func contentsOf(c account.Contents, key KeyState) Contents {
	return Contents{c.Release, c.CreatedAt, c.People, c.Sessions, c.Pictures, c.Skipped, key}
}

// ErrExists: what was to be made is there already.
var ErrExists = errors.New("exists already; nothing was changed")

// Backup writes the database, the pictures and device.key to one tar file, while
// a server may go on serving. The file, readable by its owner only, appears when it
// is whole, verified and on the disk. Error: [ErrExists].
func (a *Admin) Backup(ctx context.Context, file string, opt BackupOptions) (c Contents, err error) {
	if err := errors.Join(wantMissing(file), refuseInside(a.cfg.storage(), file)); err != nil {
		return Contents{}, err
	}
	folder := filepath.Dir(file)
	f, err := os.CreateTemp(folder, ".cardea-backup-*.tmp")
	if err != nil {
		return Contents{}, fmt.Errorf("cannot write to the folder %s: %w", folder, reason(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	c, err = a.backup(ctx, f, folder, opt)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return Contents{}, err
	}
	if err := wantMissing(file); err != nil {
		return Contents{}, err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return Contents{}, err
	}
	return c, syncFolder(folder)
}

// refuseInside fails for a file that would lie in a folder or below it, also where
// links lead there.
func refuseInside(folder, file string) error {
	forbidden, err := os.Stat(folder)
	if err != nil {
		return fmt.Errorf("cannot look at the folder %s: %w", folder, reason(err))
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err == nil {
		parent, err = filepath.Abs(parent)
	}
	if err != nil {
		return fmt.Errorf("cannot write to the folder %s: %w", filepath.Dir(file), reason(err))
	}
	for {
		info, err := os.Stat(parent)
		if err != nil {
			return err
		}
		if os.SameFile(info, forbidden) {
			return fmt.Errorf("%s would lie in the picture storage %s, where only pictures belong: name a file elsewhere, best on another disk", file, folder)
		}
		above := filepath.Dir(parent)
		if above == parent {
			return nil
		}
		parent = above
	}
}

// BackupTo writes a backup to a stream. The pictures and the database are verified
// as they are read, but not what becomes of the stream.
func (a *Admin) BackupTo(ctx context.Context, w io.Writer, opt BackupOptions) (Contents, error) {
	return a.backup(ctx, struct{ io.Writer }{w}, "", opt) // without Seek: a pipe has it as well
}

func (a *Admin) backup(ctx context.Context, w io.Writer, folder string, opt BackupOptions) (Contents, error) {
	found := func(p account.Problem) { opt.Found(Problem(p)) }
	key, state, err := readDeviceKey(a.cfg.Data)
	switch {
	case err != nil && opt.SkipDamaged:
		found(account.Problem{What: deviceKeyProblem, Message: err.Error() + "; left out"})
	case err != nil:
		return Contents{}, fmt.Errorf("%w; --skip-damaged leaves it out", err)
	}
	c, err := a.accounts.Backup(ctx, w, account.BackupOptions{
		Release: opt.Release, DeviceKey: key, Folder: folder, SkipDamaged: opt.SkipDamaged, Found: found, Progress: account.Progress(opt.Progress),
	})
	return contentsOf(c, state), inWords(err)
}

// deviceKeyProblem is what a [Problem] is called that concerns device.key.
const deviceKeyProblem = "device.key"

// Problem is something that is not as it should be in a data folder.
type Problem struct {
	What    string // database, device.key, person, picture, file (that nothing names) or stray (a foreign one in the picture storage)
	Person  string // id; empty where it concerns none
	File    string // key in the picture storage, or the name of a stray; empty where it concerns none
	Message string // a sentence for people
	Removed bool   // it was a file that nothing names, and is gone now
}

// CheckOptions say how data is checked.
type CheckOptions struct {
	RemoveOrphans bool          // remove files of the storage that nothing names, if older than an hour
	Found         func(Problem) // called for each problem; required
	Progress      Progress
}

// Check looks at all of the data, while a server may go on serving, and tells each
// problem as it is found.
func (a *Admin) Check(ctx context.Context, opt CheckOptions) (Contents, error) {
	_, state, err := readDeviceKey(a.cfg.Data)
	if err != nil {
		opt.Found(Problem{What: deviceKeyProblem, Message: err.Error()})
	}
	c, err := a.accounts.CheckData(ctx, account.CheckOptions{
		RemoveOrphans: opt.RemoveOrphans, Progress: account.Progress(opt.Progress),
		Found: func(p account.Problem) { opt.Found(Problem(p)) },
	})
	return contentsOf(c, state), inWords(err)
}

func wantMissing(file string) error {
	_, err := os.Lstat(file)
	if err == nil {
		return fmt.Errorf("%s %w", file, ErrExists)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// reason is what the operating system says, without the call and the path.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
