package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Reading what is stored, whole, for backups and checks.

// pageSize is how many pictures are looked up at a time.
const pageSize = 500

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

// storedPicture is a picture as it lies in the storage.
type storedPicture struct {
	store.Picture
	files   []file // what is sound of Picture.Files
	damaged []damage
}

// damage is what is wrong with a file.
type damage struct {
	key string
	err error // errPictureDamaged
}

// errPictureDamaged: a row names a picture whose file is not there, cannot be read,
// or is not the one that was stored.
var errPictureDamaged = errors.New("damaged picture")

func damagedPicture(userID, key, what string, args ...any) error {
	return fmt.Errorf("%w of person %s: the file %s %s", errPictureDamaged, userID, key, fmt.Sprintf(what, args...))
}

// pictureNow reads the files of a picture or, if it was replaced since its row was
// read, of the one in its place. Error: [ErrPictureNotFound] when the person has none
// any more.
func (s *Service) pictureNow(ctx context.Context, p store.Picture) (storedPicture, error) {
	for {
		now, missing, err := s.readPicture(ctx, p)
		if err != nil || !missing {
			return now, err
		}
		newer, err := s.db.PictureOfUser(ctx, p.UserID)
		if errors.Is(err, store.ErrNotFound) {
			return storedPicture{}, ErrPictureNotFound
		}
		if err != nil || newer.Key == p.Key {
			return now, err
		}
		p = newer
	}
}

// readPicture reads the files of a picture, and tells whether one is missing.
func (s *Service) readPicture(ctx context.Context, p store.Picture) (now storedPicture, missing bool, err error) {
	now.Picture = p
	for _, f := range p.Files() {
		data, err := s.readFile(ctx, p.UserID, f)
		if errors.Is(err, blob.ErrNotFound) {
			missing, err = true, damagedPicture(p.UserID, f.Key, "is missing in the storage")
		}
		switch {
		case errors.Is(err, errPictureDamaged):
			now.damaged = append(now.damaged, damage{f.Key, err})
		case err != nil:
			return now, false, err
		default:
			now.files = append(now.files, file{f, data})
		}
	}
	return now, missing, nil
}

// readFile reads a file of a person's picture whole, and compares it with what its
// row says. Errors: [blob.ErrNotFound], errPictureDamaged.
func (s *Service) readFile(ctx context.Context, userID string, named store.File) ([]byte, error) {
	f, err := s.pictures.Open(ctx, named.Key)
	if err != nil {
		return nil, unreadable(ctx, userID, named.Key, err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	if f.Size() > archive.MaxPicture {
		return nil, damagedPicture(userID, named.Key, "has %d bytes, more than a picture can have", f.Size())
	}
	data := make([]byte, f.Size())
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, unreadable(ctx, userID, named.Key, err)
	}
	if contentVersion(data[:n]) != named.Version {
		return nil, damagedPicture(userID, named.Key, "is not what was stored")
	}
	return data[:n], nil
}

// unreadable is the error for a file that cannot be read, for whatever reason but
// that it is missing or nobody wants it any more.
func unreadable(ctx context.Context, userID, key string, err error) error {
	if errors.Is(err, blob.ErrNotFound) || ctx.Err() != nil {
		return err
	}
	return damagedPicture(userID, key, "cannot be read: %v", reason(err))
}

// reason is what the operating system says, without the call and the path.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
