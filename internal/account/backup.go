package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/store"
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
	Skipped   int64 // damaged pictures that were left out
	Manifest  bool  // the backup carries the sums of what is in it
}

func (c *Contents) count(n store.Counts) {
	c.People, c.Sessions, c.Pictures = n.People, n.Sessions, n.Pictures
}

// pageSize is how many pictures are looked up at a time.
const pageSize = 500

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
	db, err := store.OpenExisting(ctx, b.copy)
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
	counts, err = db.Counts(ctx)
	b.Contents.count(counts)
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
		now, data, err := b.pictureNow(ctx, p)
		switch {
		case errors.Is(err, errPictureDamaged) && b.opt.SkipDamaged:
			b.Contents.Skipped++
			b.opt.Found(Problem{What: "picture", Person: now.UserID, File: now.Key, Message: err.Error() + "; left out"})
			err = db.Tx(ctx, func(tx *store.Tx) error { return tx.DeletePicture(ctx, p.UserID) })
		case errors.Is(err, errPictureDamaged):
			err = fmt.Errorf("%w; cardea check lists all that are damaged, and --skip-damaged leaves them out", err)
		case errors.Is(err, ErrPictureNotFound):
			err = db.Tx(ctx, func(tx *store.Tx) error { return tx.DeletePicture(ctx, p.UserID) })
		case err == nil && now != p:
			err = db.Tx(ctx, func(tx *store.Tx) error {
				// At the moment of the copy it may have been announced.
				return errors.Join(tx.ForgetOrphan(ctx, now.Key), tx.SetPicture(ctx, now))
			})
		}
		if err == nil && data != nil {
			err = out.Picture(now.Key, data)
		}
		done++
		b.opt.Progress.tell("copying pictures", done, total)
		return err
	})
}

// eachPicture calls f for every picture of a database, which f may change.
func eachPicture(ctx context.Context, db *store.DB, f func(store.Picture) error) error {
	for last := ""; ; {
		page, err := db.PicturesAfter(ctx, last, pageSize)
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := errors.Join(ctx.Err(), f(p)); err != nil {
				return err
			}
			last = p.UserID
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// errPictureDamaged: a row names a picture whose file is not there, cannot be read,
// or is not the one that was stored.
var errPictureDamaged = errors.New("damaged picture")

func damagedPicture(p store.Picture, what string, args ...any) error {
	return fmt.Errorf("%w of person %s: the file %s %s", errPictureDamaged, p.UserID, p.Key, fmt.Sprintf(what, args...))
}

// pictureNow reads a picture or, if it was replaced since its row was read, the one
// in its place. Errors: errPictureDamaged; [ErrPictureNotFound] when the person has
// none any more.
func (s *Service) pictureNow(ctx context.Context, p store.Picture) (now store.Picture, data []byte, err error) {
	for {
		data, err := s.readPicture(ctx, p)
		if !errors.Is(err, blob.ErrNotFound) {
			return p, data, err
		}
		newer, err := s.db.PictureOfUser(ctx, p.UserID)
		if errors.Is(err, store.ErrNotFound) {
			return p, nil, ErrPictureNotFound
		}
		if err != nil {
			return p, nil, err
		}
		if newer.Key == p.Key {
			return p, nil, damagedPicture(p, "is missing in the storage")
		}
		p = newer
	}
}

// readPicture reads a picture's file whole, and compares it with what its row says.
// Errors: [blob.ErrNotFound], errPictureDamaged.
func (s *Service) readPicture(ctx context.Context, p store.Picture) ([]byte, error) {
	f, err := s.pictures.Open(ctx, p.Key)
	if err != nil {
		return nil, unreadable(ctx, p, err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	if f.Size() > archive.MaxPicture {
		return nil, damagedPicture(p, "has %d bytes, more than a picture can have", f.Size())
	}
	data := make([]byte, f.Size())
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, unreadable(ctx, p, err)
	}
	if contentVersion(data[:n]) != p.Version {
		return nil, damagedPicture(p, "is not what was stored")
	}
	return data[:n], nil
}

// unreadable is the error for a file that cannot be read, for whatever reason but
// that it is missing or nobody wants it any more.
func unreadable(ctx context.Context, p store.Picture, err error) error {
	if errors.Is(err, blob.ErrNotFound) || ctx.Err() != nil {
		return err
	}
	return damagedPicture(p, "cannot be read: %v", reason(err))
}

// reason is what the operating system says, without the call and the path.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// verify reads a backup from its beginning and compares it with its manifest and
// with the copy of the database.
func (b *backup) verify(ctx context.Context, r io.ReadSeeker) (err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	db, err := store.OpenExisting(ctx, b.copy)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	in, err := archive.NewReader(r)
	if err != nil {
		return err
	}
	var pictures int64
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
		if _, _, err := readNamed(ctx, db, entry, in); err != nil {
			return err
		}
		pictures++
		b.opt.Progress.tell("verifying", pictures, b.Contents.Pictures)
	}
	if pictures != b.Contents.Pictures {
		return fmt.Errorf("%w: %d of %d pictures are in it", archive.ErrInvalid, pictures, b.Contents.Pictures)
	}
	return nil
}

// readNamed reads a picture from a backup and compares it with the row that names it.
func readNamed(ctx context.Context, db *store.DB, entry archive.Entry, r io.Reader) (store.Picture, []byte, error) {
	p, err := db.PictureByKey(ctx, entry.Key)
	if errors.Is(err, store.ErrNotFound) {
		return p, nil, fmt.Errorf("%w: nobody has the picture %s", archive.ErrInvalid, entry.Key)
	}
	if err != nil {
		return p, nil, err
	}
	data := make([]byte, entry.Size) // at most archive.MaxPicture
	if _, err := io.ReadFull(r, data); err != nil {
		return p, nil, err
	}
	if contentVersion(data) != p.Version {
		return p, nil, fmt.Errorf("%w: the picture %s is not what its row says", archive.ErrInvalid, entry.Key)
	}
	return p, data, nil
}
