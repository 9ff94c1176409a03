package cardea

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
)

// Restore makes a data folder from a backup: that of the settings, which must be
// missing or empty. It is there wholly or, after an error, not at all; for that the
// database gets its name last, and what has none is refused by [New] and [Open].
// Sessions in the backup stay valid. A damaged device.key is left out, since the
// server would not start with it. Error: [ErrExists], [ErrInUse].
func Restore(ctx context.Context, cfg Config, file string, progress Progress) (Contents, error) {
	in, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return Contents{}, fmt.Errorf("cannot read the backup %s: %w", file, reason(err))
	}
	defer in.Close() //nolint:errcheck // it was only read
	info, err := in.Stat()
	if err != nil {
		return Contents{}, err
	}
	var c Contents
	switch mode := info.Mode(); {
	case mode.IsDir():
		return Contents{}, fmt.Errorf("%s is a folder; a backup is one tar file", file)
	case mode.IsRegular():
		c, err = restore(ctx, cfg, in, progress)
	default: // such as a pipe, which cannot be read twice
		c, err = RestoreFrom(ctx, cfg, in, progress)
	}
	if errors.Is(err, archive.ErrCompressed) {
		return c, fmt.Errorf("%s is %w: gunzip -c %[1]s | cardea restore -", file, archive.ErrCompressed)
	}
	if errors.Is(err, archive.ErrInvalid) {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	return c, err
}

// RestoreFrom restores as [Restore] does, from a stream. All of it is written to a
// file in the folder for temporary files (TMPDIR) first, since a backup is checked
// before anything of it is used. Nobody else sees that file, and it never outlives
// the process.
func RestoreFrom(ctx context.Context, cfg Config, r io.Reader, progress Progress) (c Contents, err error) {
	if _, err := readyFor(cfg); err != nil { // before a long time of reading
		return Contents{}, err
	}
	spool, err := os.CreateTemp("", "cardea-restore-*.tar")
	if err != nil {
		return Contents{}, fmt.Errorf("cannot write to the folder for temporary files: %w", err)
	}
	_ = os.Remove(spool.Name()) // an open file needs no name
	defer func() { err = errors.Join(err, spool.Close()) }()
	if progress != nil {
		progress("reading the backup", 0, 0)
	}
	if _, err := io.Copy(spool, untilDone{ctx, r}); err != nil {
		return Contents{}, fmt.Errorf("cannot read the backup, or write it to the folder for temporary files, %s: %w", os.TempDir(), reason(err))
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return Contents{}, err
	}
	c, err = restore(ctx, cfg, spool, progress)
	if errors.Is(err, archive.ErrCompressed) {
		err = fmt.Errorf("the backup is %w: gunzip | cardea restore -", archive.ErrCompressed)
	}
	return c, err
}

// untilDone reads until a context is done.
type untilDone struct {
	ctx context.Context //nolint:containedctx // of one copy
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// readyFor completes settings, where a backup can be restored to.
func readyFor(cfg Config) (Config, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return cfg, err
	}
	return cfg, wantEmpty(cfg)
}

func restore(ctx context.Context, cfg Config, in io.ReadSeeker, progress Progress) (c Contents, err error) {
	cfg, err = readyFor(cfg)
	if err != nil {
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
			return Contents{}, fmt.Errorf("cannot make the folder %s: %w", folder, reason(err))
		}
	}
	return restoreInto(ctx, cfg, in, &made, progress)
}

func restoreInto(ctx context.Context, cfg Config, in io.ReadSeeker, made *undo, progress Progress) (c Contents, err error) {
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
	state, err := restoreDeviceKey(cfg.Data, key, made)
	if err != nil {
		return Contents{}, err
	}
	if err := syncFolder(cfg.Data); err != nil {
		return Contents{}, err
	}
	made.file(cfg.database())
	if err := os.Rename(staged, cfg.database()); err != nil {
		return Contents{}, err
	}
	return contentsOf(found, state), syncFolder(filepath.Dir(cfg.database()))
}

// restoreDeviceKey writes device.key as it was, durably, unless it is damaged: the
// server would not start.
func restoreDeviceKey(data string, text []byte, made *undo) (KeyState, error) {
	path := deviceKeyFile(data)
	if text == nil {
		return KeyMissing, nil
	}
	if _, err := parseDeviceSecret(path, text); err != nil {
		return KeyDamaged, nil //nolint:nilerr // the state says it
	}
	made.file(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return KeyPresent, err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return KeyPresent, errors.Join(err, f.Close())
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
