package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// BackupOptions are what a backup is made with.
type BackupOptions struct {
	Release     string        // of this program, for the record
	DeviceKey   []byte        // to be kept with it; nil: none
	Folder      string        // existing; a copy of the database lies in it for a while
	SkipDamaged bool          // leave out pictures that are damaged instead of failing
	Found       func(Problem) // called for each that is left out; required with SkipDamaged
	Progress    Progress
}

// Progress is told how much of some work is done; it may be nil.
type Progress func(what string, done, total int64)

func (p Progress) tell(what string, done, total int64) {
	if p != nil {
		p(what, done, total)
	}
}

// Contents says what a backup holds.
type Contents struct {
	Release   string // that made it
	CreatedAt time.Time
	People    int64
	Sessions  int64
	Pictures  int64
	Skipped   int64 // damaged pictures that were left out, whole or their crops
	Manifest  bool  // the backup carries the sums of what is in it
	files     int64 // of the pictures and their crops
}

func (c *Contents) count(n store.Counts) {
	c.People, c.Sessions, c.Pictures = n.Users, n.Sessions, n.Pictures
}

// Backup writes everything to w while people go on using it, and, if w can be read
// as well, reads it all again and compares.
//
// The database in it is that of one moment. A picture that was replaced or removed
// after that moment, so that its file may be gone, is taken as it is now: in the copy
// the person's row is changed to the newer picture, or removed.
func (s *Service) Backup(ctx context.Context, w io.Writer, opt BackupOptions) (c Contents, err error) {
	folder, err := os.MkdirTemp(opt.Folder, ".cardea-backup-")
	if err != nil {
		return Contents{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	defer func() {
		if errors.Is(err, store.ErrFull) { // of the copy: the database itself is only read
			err = fmt.Errorf("no space is left in the folder %s, where the copy of the database lies while a backup is made; make room there", filepath.Dir(folder))
		}
	}()
	b := backup{Service: s, opt: opt, copy: filepath.Join(folder, "cardea.db")}
	opt.Progress.tell("copying the database", 0, 0)
	began := s.opt.Now()
	if err := s.db.Snapshot(ctx, b.copy); err != nil {
		return Contents{}, fmt.Errorf("cannot copy the database: %w", err)
	}
	out, err := archive.NewWriter(w, opt.Release, began)
	if err != nil {
		return Contents{}, err
	}
	if opt.DeviceKey != nil {
		if err := out.DeviceKey(opt.DeviceKey); err != nil {
			return Contents{}, err
		}
	}
	b.Contents = Contents{Release: opt.Release, CreatedAt: began, Manifest: true}
	if err := b.write(ctx, out); err != nil {
		return Contents{}, err
	}
	if r, ok := w.(io.ReadSeeker); ok {
		if err = b.verify(ctx, r); errors.Is(err, archive.ErrInvalid) {
			err = fmt.Errorf("what was written reads differently, the disk may be failing; nothing is left of the backup: %w", err)
		}
	}
	return b.Contents, err
}

// backup is one that is being made.
type backup struct {
	*Service
	Contents
	opt  BackupOptions
	copy string // of the database
}

func (b *backup) write(ctx context.Context, out *archive.Writer) error {
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
	b.opt.Progress.tell("writing the database", 0, 0)
	if err := out.Database(f, info.Size()); err != nil {
		return err
	}
	return out.Close()
}

// finishCopy writes the pictures that the copy of the database names, and leaves
// the copy whole, checked and closed.
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
	b.opt.Progress.tell("checking the database", 0, 0)
	if err := wantSound(ctx, db); err != nil {
		return err
	}
	if counts, err = db.Counts(ctx); err != nil {
		return err
	}
	b.Contents.count(counts)
	b.files, err = db.CountFiles(ctx)
	return err
}

// wantSound fails for a database that is damaged.
func wantSound(ctx context.Context, db *store.DB) error {
	damages, err := db.Damages(ctx)
	if err == nil && len(damages) > 0 {
		err = fmt.Errorf("the database is damaged: %s", damages[0])
	}
	return err
}

func (b *backup) writePictures(ctx context.Context, db *store.DB, out *archive.Writer, total int64) error {
	var done int64
	return eachPicture(ctx, db, func(p store.Picture) error {
		files, err := b.pictureForCopy(ctx, db, p)
		for _, f := range files {
			if err == nil {
				err = out.Picture(f.Key, f.data)
			}
		}
		done++
		b.opt.Progress.tell("copying pictures", done, total)
		return err
	})
}

// pictureForCopy reads the files of a picture, and sees to it that the copy names
// these and no others.
func (b *backup) pictureForCopy(ctx context.Context, copied *store.DB, p store.Picture) ([]file, error) {
	now, err := b.pictureNow(ctx, p)
	if errors.Is(err, ErrPictureNotFound) {
		err = nil // it has no files
	}
	if err == nil && len(now.damaged) > 0 {
		err = b.leaveOut(&now)
	}
	switch {
	case err != nil:
		return nil, err
	case len(now.files) == 0:
		return nil, copied.Tx(ctx, func(tx *store.Tx) error { return tx.DeletePicture(ctx, p.UserID) })
	case now.Key == p.Key && len(now.damaged) == 0:
		return now.files, nil
	}
	return now.files, copied.Tx(ctx, func(tx *store.Tx) error {
		for _, f := range now.files { // at the moment of the copy they may have been announced
			if err := tx.ForgetOrphan(ctx, f.Key); err != nil {
				return err
			}
		}
		return tx.SetPicture(ctx, now.Picture)
	})
}

// leaveOut takes out of a picture what is damaged: all of it, or its crops, which can
// be made again; or fails where nothing may be left out.
func (b *backup) leaveOut(now *storedPicture) error {
	if !b.opt.SkipDamaged {
		return fmt.Errorf("%w; cardea check lists all that are damaged, and --skip-damaged leaves them out", now.damaged[0].err)
	}
	b.Contents.Skipped++
	what := "left out"
	if now.damaged[0].key == now.Key {
		now.files = nil
	} else {
		now.files, now.Crops, now.CropsVersion = now.files[:1], nil, ""
		what = "left out with the other crops, which the server makes again"
	}
	for _, d := range now.damaged {
		b.opt.Found(Problem{What: "picture", Person: now.UserID, File: d.key, Message: d.err.Error() + "; " + what})
	}
	return nil
}

// verify reads a backup from its beginning and compares it with its manifest and
// with the copy of the database.
func (b *backup) verify(ctx context.Context, r io.ReadSeeker) (err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	db, err := sqlite.OpenExisting(ctx, b.copy)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	in, err := archive.NewReader(r)
	if err != nil {
		return err
	}
	var files int64
	for {
		entry, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if entry.Kind != archive.KindPicture {
			continue
		}
		if _, err := readNamed(ctx, db, entry, in); err != nil {
			return err
		}
		files++
		b.opt.Progress.tell("verifying", files, b.files)
	}
	if files != b.files {
		return fmt.Errorf("%w: %d of %d files of pictures are in it", archive.ErrInvalid, files, b.files)
	}
	return nil
}

// readNamed reads a file from a backup and compares it with the row that names it.
func readNamed(ctx context.Context, db *store.DB, entry archive.Entry, r io.Reader) (file, error) {
	named, err := db.FileByKey(ctx, entry.Key)
	if errors.Is(err, store.ErrNotFound) {
		return file{}, fmt.Errorf("%w: nobody has the picture %s", archive.ErrInvalid, entry.Key)
	}
	if err != nil {
		return file{}, err
	}
	data := make([]byte, entry.Size) // at most archive.MaxPicture
	if _, err := io.ReadFull(r, data); err != nil {
		return file{}, err
	}
	if contentVersion(data) != named.Version {
		return file{}, fmt.Errorf("%w: the picture %s is not what its row says", archive.ErrInvalid, entry.Key)
	}
	return file{named, data}, nil
}
