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
	"github.com/cardea-accounts/cardea/internal/blob"
)

// Progress is told how much of some work is done, of how much in all (0: nobody
// knows); it is called often.
type Progress func(what string, done, total int64)

// BackupOptions say how a backup is made. The zero value is fine.
type BackupOptions struct {
	Release     string // of the program, for the record
	SkipDamaged bool   // leave damaged pictures out instead of failing
	Progress    Progress
}

// Contents says what a backup holds, or a data folder.
type Contents struct {
	Release   string    // that made the backup; empty for a data folder
	CreatedAt time.Time // of the backup
	People    int64
	Sessions  int64
	Pictures  int64
	Skipped   int64 // damaged pictures that were left out
}

// ErrExists: what was to be made is there already.
var ErrExists = errors.New("exists already; nothing was changed")

// Backup writes the database, the pictures and device.key to one tar file, while
// a server may go on serving. The file, readable by its owner only, appears when it
// is whole, verified and on the disk. Error: [ErrExists].
func (a *Admin) Backup(ctx context.Context, file string, opt BackupOptions) (c Contents, err error) {
	if err := wantMissing(file); err != nil {
		return Contents{}, err
	}
	folder := filepath.Dir(file)
	f, err := os.CreateTemp(folder, ".cardea-backup-*.tmp")
	if err != nil {
		return Contents{}, fmt.Errorf("cannot write there: %w", err)
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

// BackupTo writes a backup to a stream. The pictures and the database are verified
// as they are read, but not what becomes of the stream.
func (a *Admin) BackupTo(ctx context.Context, w io.Writer, opt BackupOptions) (Contents, error) {
	return a.backup(ctx, struct{ io.Writer }{w}, "", opt) // without Seek: a pipe has it as well
}

func (a *Admin) backup(ctx context.Context, w io.Writer, folder string, opt BackupOptions) (Contents, error) {
	key, err := os.ReadFile(deviceKeyFile(a.cfg.Data))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Contents{}, err
	}
	c, err := a.accounts.Backup(ctx, w, account.BackupOptions{
		Release: opt.Release, DeviceKey: key, Folder: folder, SkipDamaged: opt.SkipDamaged, Progress: account.Progress(opt.Progress),
	})
	return Contents(c), inWords(err)
}

// Problem is something that is not as it should be in a data folder.
type Problem struct {
	What    string // database, picture or file
	Person  string // id; empty where it concerns none
	File    string // key in the picture storage; empty where it concerns none
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
	c, err := a.accounts.CheckData(ctx, account.CheckOptions{
		RemoveOrphans: opt.RemoveOrphans, Progress: account.Progress(opt.Progress),
		Found: func(p account.Problem) { opt.Found(Problem(p)) },
	})
	return Contents(c), inWords(err)
}

// Restore makes a data folder from a backup: that of the settings, which must be
// missing or empty. It is there wholly or, after an error, not at all; for that the
// database gets its name last, and what has none is refused by [New] and [Open].
// Sessions in the backup stay valid. Error: [ErrExists], [ErrInUse].
func Restore(ctx context.Context, cfg Config, file string, progress Progress) (c Contents, err error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return Contents{}, err
	}
	in, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return Contents{}, err
	}
	defer in.Close() //nolint:errcheck // it was only read
	if err := wantEmpty(cfg); err != nil {
		return Contents{}, err
	}
	var made undo
	defer func() {
		if err != nil {
			err = errors.Join(err, made.undo())
		}
	}()
	for _, folder := range []string{cfg.Data, filepath.Dir(cfg.database()), cfg.storage()} {
		if err := made.folder(folder); err != nil {
			return Contents{}, err
		}
	}
	return restore(ctx, cfg, in, &made, progress)
}

func restore(ctx context.Context, cfg Config, in *os.File, made *undo, progress Progress) (c Contents, err error) {
	lock, err := lockDatabase(cfg.database())
	if err != nil {
		return Contents{}, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	staged := halfRestored(cfg)
	if err := errors.Join(wantMissing(cfg.database()), wantMissing(staged)); err != nil { // made before it was locked
		return Contents{}, err
	}
	made.file(cfg.database() + ".lock")
	pictures, err := blob.NewDisk(cfg.storage())
	if err != nil {
		return Contents{}, err
	}
	made.inside(cfg.storage())
	for _, suffix := range []string{"", "-wal", "-shm"} {
		made.file(staged + suffix)
	}
	found, key, err := account.Restore(ctx, in, account.RestoreOptions{
		Database: staged, Pictures: pictures, Progress: account.Progress(progress),
	})
	if err != nil {
		return Contents{}, err
	}
	if key != nil {
		made.file(deviceKeyFile(cfg.Data))
		if err := os.WriteFile(deviceKeyFile(cfg.Data), key, 0o600); err != nil {
			return Contents{}, err
		}
	}
	if err := syncFolder(cfg.Data); err != nil {
		return Contents{}, err
	}
	if err := os.Rename(staged, cfg.database()); err != nil {
		return Contents{}, err
	}
	return Contents(found), syncFolder(filepath.Dir(cfg.database()))
}

// halfRestored is the name of the database while it is being restored.
func halfRestored(cfg Config) string { return cfg.database() + ".restoring" }

// refuseHalfRestored fails where a restore was cut off, by a crash for instance.
func refuseHalfRestored(cfg Config) error {
	_, staged := os.Lstat(halfRestored(cfg))
	_, whole := os.Lstat(cfg.database())
	if staged == nil && whole != nil {
		return fmt.Errorf("data: restoring a backup to %s goes on, or was cut off; in that case remove what is there, and restore again", cfg.Data)
	}
	return nil
}

// wantEmpty fails unless nothing is where a backup is to be restored.
func wantEmpty(cfg Config) error {
	if err := refuseHalfRestored(cfg); err != nil {
		return err
	}
	for _, folder := range []string{cfg.Data, cfg.storage()} {
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if e.Name() != "lost+found" { // of a file system of its own
				return fmt.Errorf("%s is not empty: a backup is restored only where nothing is; nothing was changed", folder)
			}
		}
	}
	return wantMissing(cfg.database())
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

// undo removes what was made, the last first.
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

// folder makes a folder and those above it that are missing.
func (u *undo) folder(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := u.folder(filepath.Dir(path)); err != nil {
		return err
	}
	u.steps = append(u.steps, func() error {
		_ = os.Remove(path) // fails when somebody else keeps something in it
		return nil
	})
	return os.Mkdir(path, 0o700)
}

func (u *undo) file(path string) {
	u.steps = append(u.steps, func() error { return os.Remove(path) })
}

// inside removes what is in a folder that was empty.
func (u *undo) inside(path string) {
	u.steps = append(u.steps, func() error {
		entries, err := os.ReadDir(path)
		for _, e := range entries {
			if e.Name() != "lost+found" {
				err = errors.Join(err, os.RemoveAll(filepath.Join(path, e.Name())))
			}
		}
		return err
	})
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
