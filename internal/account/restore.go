package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// RestoreOptions say where a backup is restored to.
type RestoreOptions struct {
	Database string     // file to be made for the database
	Pictures blob.Store // empty
	Progress Progress
}

// Restore reads a backup, checks all of it against itself, and stores its database
// and pictures; nothing may use them yet. When it fails, the caller removes what it
// has written. The key of device cookies is returned, nil if there is none.
func Restore(ctx context.Context, r io.ReadSeeker, opt RestoreOptions) (c Contents, deviceKey []byte, err error) {
	c, deviceKey, err = restoreDatabase(ctx, r, opt)
	if err != nil {
		return c, nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return c, nil, err
	}
	differences, err := sqlite.SchemaDifferences(ctx, opt.Database)
	if err == nil && len(differences) > 0 {
		err = fmt.Errorf("%w: in its database, %s", archive.ErrInvalid, strings.Join(differences, ", "))
	}
	if err != nil {
		return c, nil, err
	}
	// Brings the database of an older release up to date.
	db, err := sqlite.Open(ctx, opt.Database)
	if err != nil {
		return c, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	opt.Progress.tell("checking the database", 0, 0)
	if err := wantSound(ctx, db); err != nil {
		return c, nil, err
	}
	counts, err := db.Counts(ctx)
	if err != nil {
		return c, nil, err
	}
	c.count(counts)
	if c.files, err = db.CountFiles(ctx); err != nil {
		return c, nil, err
	}
	return c, deviceKey, restorePictures(ctx, r, db, opt, c.files)
}

// restoreDatabase passes over the pictures to the database, and learns on the way
// that the file is whole and as its manifest says.
func restoreDatabase(ctx context.Context, r io.Reader, opt RestoreOptions) (c Contents, deviceKey []byte, err error) {
	in, err := archive.NewReader(r)
	if err != nil {
		return c, nil, err
	}
	c.Release, c.CreatedAt, c.Manifest = in.Info.Release, in.Info.CreatedAt, in.Info.HasManifest()
	opt.Progress.tell("reading the database", 0, 0)
	for {
		entry, err := in.Next()
		if errors.Is(err, io.EOF) {
			return c, deviceKey, nil
		}
		if err := errors.Join(ctx.Err(), err); err != nil {
			return c, nil, err
		}
		switch entry.Kind {
		case archive.KindDeviceKey:
			deviceKey, err = io.ReadAll(in) // as large as archive allows
		case archive.KindDatabase:
			err = writeNew(opt.Database, in)
		case archive.KindInfo, archive.KindPicture:
		}
		if err != nil {
			return c, nil, err
		}
	}
}

// writeNew writes a file that must not exist, durably.
func writeNew(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// restorePictures stores the files that the database names: each once, and all.
func restorePictures(ctx context.Context, r io.Reader, db *store.DB, opt RestoreOptions, want int64) error {
	in, err := archive.NewReader(r)
	if err != nil {
		return err
	}
	var done int64
	for {
		entry, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := errors.Join(ctx.Err(), err); err != nil {
			return err
		}
		if entry.Kind != archive.KindPicture {
			continue
		}
		if err := restorePicture(ctx, in, entry, db, opt.Pictures); err != nil {
			return err
		}
		done++
		opt.Progress.tell("restoring pictures", done, want)
	}
	if done != want {
		return fmt.Errorf("%w: %d of %d files of pictures are in it", archive.ErrInvalid, done, want)
	}
	return nil
}

func restorePicture(ctx context.Context, r io.Reader, entry archive.Entry, db *store.DB, pictures blob.Store) error {
	f, err := readNamed(ctx, db, entry, r)
	if err != nil {
		return err
	}
	_, err = pictures.ModTime(ctx, f.Key)
	if err == nil {
		return fmt.Errorf("%w: the picture %s is in it twice", archive.ErrInvalid, f.Key)
	}
	if !errors.Is(err, blob.ErrNotFound) {
		return err
	}
	return pictures.Put(ctx, f.Key, f.data)
}
