package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/durable"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// BackupOptions say how to make a backup.
type BackupOptions struct {
	Release     string        // of this program, for the record
	SkipDamaged bool          // leave out damaged pictures, and a damaged secret.key, instead of failing
	Found       func(Problem) // called for each that is left out; required with SkipDamaged
	Progress    Progress
}

// ErrExists means that what was to be made already exists.
var ErrExists = errors.New("exists already; nothing was changed")

// Backup writes the database, the pictures and secret.key to one tar file while a server
// may serve them. The file appears when it is complete, verified and on the disk. Only its
// owner can read it. Error: [ErrExists].
func (d *Data) Backup(ctx context.Context, file string, opt BackupOptions) (Contents, error) {
	return d.toFile(file, func(f *durable.File, scratch string) (Contents, error) { return d.backup(ctx, f, scratch, opt) })
}

// toFile makes a file, which appears when it is complete. Until then, all is in a scratch folder next to
// it. If the process is killed, the next one removes that.
func (d *Data) toFile(file string, write func(f *durable.File, scratch string) (Contents, error)) (c Contents, err error) {
	if err := errors.Join(wantMissing(file), d.refuseInStorage(file)); err != nil {
		return Contents{}, err
	}
	folder := filepath.Dir(file)
	scratch, remove, err := datadir.ScratchIn(folder)
	if err != nil {
		return Contents{}, fmt.Errorf("cannot write to the folder %s: %w", folder, reason(err))
	}
	defer func() { err = errors.Join(err, remove()) }()
	f, err := durable.CreateIn(scratch, file)
	if err != nil {
		return Contents{}, err
	}
	if c, err = write(f, scratch); err != nil {
		return Contents{}, errors.Join(err, f.Discard())
	}
	if err := f.CommitNew(); errors.Is(err, fs.ErrExist) {
		return Contents{}, fmt.Errorf("%s %w", file, ErrExists)
	} else if err != nil {
		return Contents{}, err
	}
	return c, nil
}

// BackupTo writes a backup to a stream. Pictures and database are verified as they are
// read. What the stream does with them cannot be verified.
func (d *Data) BackupTo(ctx context.Context, w io.Writer, opt BackupOptions) (c Contents, err error) {
	scratch, remove, err := datadir.ScratchIn(os.TempDir())
	if err != nil {
		return Contents{}, noTemporaryFolder(err)
	}
	defer func() { err = errors.Join(err, remove()) }()
	return d.backup(ctx, struct{ io.Writer }{w}, scratch, opt) // hides Seek, which a pipe has, too
}

func (d *Data) backup(ctx context.Context, w io.Writer, scratch string, opt BackupOptions) (Contents, error) {
	secret, state, err := d.dir.ReadSecret()
	switch {
	case err != nil && opt.SkipDamaged:
		opt.Found(Problem{What: ProblemSecret, Message: err.Error() + "; left out"})
	case err != nil:
		return Contents{}, fmt.Errorf("%w; --skip-damaged leaves it out", err)
	}
	b := backup{Data: d, opt: opt, copy: filepath.Join(scratch, "cardea.db")}
	b.Contents = Contents{Release: opt.Release, CreatedAt: d.opt.Now(), Secret: state}
	err = b.make(ctx, w, secret)
	return b.Contents, inWords(tryLater(err))
}

// backup is a backup in progress.
type backup struct {
	*Data
	opt BackupOptions
	Contents

	copy string // path of the copy of the database
}

// make writes everything to w and, if w can be read, reads it all again and compares.
//
// The database in the backup is that of one moment. A picture that is replaced or
// removed after that moment may have lost its file. Then the copy's row is changed to the
// newer picture, or removed.
func (b *backup) make(ctx context.Context, w io.Writer, secret []byte) (err error) {
	defer func() {
		if errors.Is(err, store.ErrFull) { // of the copy: the database itself is only read
			folder := filepath.Dir(filepath.Dir(b.copy))
			err = fmt.Errorf("no space is left in the folder %s, which holds a copy of the database while a backup is made; make room there", folder)
		}
	}()
	b.opt.Progress.report("copying the database", 0, 0)
	if err := b.snapshot(ctx); err != nil {
		return err
	}
	if err := b.write(ctx, w, secret); err != nil {
		return err
	}
	r, ok := w.(io.ReadSeeker)
	if !ok {
		return nil
	}
	if err = b.verify(ctx, r); errors.Is(err, archive.ErrInvalid) {
		err = fmt.Errorf("the backup was removed, because it does not read as it was written; the disk may be failing: %w", err)
	}
	return err
}

// noTemporaryFolder says why nothing can be written to the folder for temporary files.
func noTemporaryFolder(err error) error {
	return fmt.Errorf("cannot write to %s, the folder for temporary files: %w; name another one in TMPDIR", os.TempDir(), reason(err))
}

func (b *backup) write(ctx context.Context, w io.Writer, secret []byte) error {
	out, err := archive.NewWriter(w, b.opt.Release, b.CreatedAt)
	if err != nil {
		return err
	}
	if secret != nil {
		if err := out.SecretKey(secret); err != nil {
			return err
		}
	}
	if err := b.finishCopy(ctx, out); err != nil {
		return err
	}
	f, err := os.Open(b.copy)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b.opt.Progress.report("writing the database", 0, 0)
	if err := out.Database(f, info.Size()); err != nil {
		return err
	}
	return out.Close()
}

// finishCopy writes the pictures that the copy of the database names, and leaves the
// copy complete, checked and closed.
func (b *backup) finishCopy(ctx context.Context, out *archive.Writer) (err error) {
	db, err := sqlite.OpenExisting(ctx, b.copy)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	counts, err := db.Counts(ctx)
	if err != nil {
		return err
	}
	if err := b.writePictures(ctx, db, out, counts.Pictures); err != nil {
		return err
	}
	b.opt.Progress.report("checking the database", 0, 0)
	if err := wantSound(ctx, db); err != nil {
		return err
	}
	if counts, err = db.Counts(ctx); err != nil {
		return err
	}
	b.Contents.set(counts)
	b.Contents.files, err = db.CountFiles(ctx)
	return err
}

// wantSound fails if a database is damaged.
func wantSound(ctx context.Context, db *store.DB) error {
	damages, _, err := db.Damages(ctx)
	if err == nil && len(damages) > 0 {
		err = fmt.Errorf("the database is damaged: %s", damages[0])
	}
	return err
}

func (b *backup) writePictures(ctx context.Context, db *store.DB, out *archive.Writer, total int64) error {
	var done int64
	return b.eachStored(ctx, db, func(stored storedPicture) error {
		files, err := b.pictureForCopy(ctx, db, stored)
		for _, f := range files {
			if err == nil {
				err = out.Picture(f.Key, f.Data)
			}
		}
		done++
		b.opt.Progress.report("copying pictures", done, total)
		return err
	})
}

// pictureForCopy returns the files of a picture, and makes the copy name these and no others.
func (b *backup) pictureForCopy(ctx context.Context, copied *store.DB, stored storedPicture) ([]media.File, error) {
	wasWhole := len(stored.Damaged) == 0
	if !wasWhole {
		if err := b.leaveOut(&stored.Stored); err != nil {
			return nil, err
		}
	}
	switch {
	case len(stored.Files) == 0:
		return nil, copied.Tx(ctx, func(tx *store.Tx) error { return tx.DeletePicture(ctx, stored.row.UserID) })
	case stored.Key == stored.row.Key && wasWhole:
		return stored.Files, nil
	}
	return stored.Files, copied.Tx(ctx, func(tx *store.Tx) error {
		for _, f := range stored.Files { // at the moment of the copy they may have been announced
			if err := tx.ForgetOrphans(ctx, []string{f.Key}); err != nil {
				return err
			}
		}
		return tx.SetPicture(ctx, stored.Picture)
	})
}

// leaveOut takes the damaged part out of a picture: all of it, or its crops, which the
// server makes again. It fails if nothing may be left out.
func (b *backup) leaveOut(stored *media.Stored) error {
	if !b.opt.SkipDamaged {
		return fmt.Errorf("%w; cardea check lists all damaged pictures, and --skip-damaged leaves them out", stored.Damaged[0].Err)
	}
	b.Contents.Skipped++
	what := "left out"
	if stored.Damaged[0].Key == stored.Key {
		stored.Files = nil
	} else {
		stored.Files, stored.Crops, stored.CropsVersion = stored.Files[:1], nil, ""
		what = "left out with the other crops, which the server makes again"
	}
	for _, damage := range stored.Damaged {
		b.opt.Found(Problem{What: ProblemPicture, User: stored.UserID, File: damage.Key, Message: damage.Err.Error() + "; " + what})
	}
	return nil
}

// refuseInStorage fails for a file that would be among the pictures.
func (d *Data) refuseInStorage(file string) error {
	if !storage.IsBucket(d.dir.Pictures) && isInside(d.dir.Pictures, file) {
		return fmt.Errorf("%s would be inside the picture storage %s, which is for pictures only: name a file elsewhere, best on another disk", file, d.dir.Pictures)
	}
	return nil
}
