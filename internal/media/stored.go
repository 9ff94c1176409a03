package media

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

// Reading everything that is stored, for backups and checks.

// Stored is a picture as it is in the storage.
type Stored struct {
	store.Picture
	Files   []File // the intact ones of Picture.Files
	Damaged []Damage
}

// Damage is a file that is missing, cannot be read, or is not the one that was stored.
type Damage struct {
	Key string
	Err error // wraps [ErrDamaged]
}

// ErrDamaged means that a row names a picture whose file is damaged.
var ErrDamaged = errors.New("damaged picture")

// DamagedFile makes the error of a damaged file.
func DamagedFile(userID, key, format string, args ...any) error {
	return fmt.Errorf("%w of user %s: the file %s %s", ErrDamaged, userID, key, fmt.Sprintf(format, args...))
}

// Read reads the files of a picture. If the picture was replaced since its row was read,
// it reads the newer one. Errors: picture_not_found, if it was removed; [ErrUnavailable].
func (p *Pictures) Read(ctx context.Context, row store.Picture) (Stored, error) {
	for {
		stored, isMissing, err := p.readFiles(ctx, row)
		if err != nil || !isMissing {
			return stored, err
		}
		newer, err := p.db.PictureOfUser(ctx, row.UserID)
		if errors.Is(err, store.ErrNotFound) {
			return Stored{}, ErrPictureNotFound
		}
		if err != nil || newer.Key == row.Key {
			return stored, err
		}
		row = newer
	}
}

// readFiles reads the files of a picture and reports whether one is missing.
func (p *Pictures) readFiles(ctx context.Context, row store.Picture) (stored Stored, isMissing bool, err error) {
	stored.Picture = row
	for _, f := range row.Files() {
		data, err := p.readFile(ctx, row.UserID, f)
		if errors.Is(err, blob.ErrNotFound) {
			isMissing, err = true, DamagedFile(row.UserID, f.Key, "is missing from the storage")
		}
		switch {
		case errors.Is(err, ErrDamaged):
			stored.Damaged = append(stored.Damaged, Damage{f.Key, err})
		case err != nil:
			return stored, false, err
		default:
			stored.Files = append(stored.Files, File{f, data})
		}
	}
	return stored, isMissing, nil
}

// readFile reads one file and compares it with its row. Errors: [blob.ErrNotFound],
// [ErrDamaged], [ErrUnavailable].
func (p *Pictures) readFile(ctx context.Context, userID string, named store.File) ([]byte, error) {
	f, err := p.files.Open(ctx, named.Key)
	if err != nil {
		return nil, unreadable(ctx, userID, named.Key, err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	return readBlob(ctx, f, userID, named)
}

// readBlob reads an open file and compares it with its row. Errors: [ErrDamaged], [ErrUnavailable].
func readBlob(ctx context.Context, f blob.Blob, userID string, named store.File) ([]byte, error) {
	if f.Size() > archive.MaxPicture {
		return nil, DamagedFile(userID, named.Key, "has %d bytes, more than a picture can have", f.Size())
	}
	data := make([]byte, f.Size())
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, unreadable(ctx, userID, named.Key, err)
	}
	if Version(data[:n]) != named.Version {
		return nil, DamagedFile(userID, named.Key, "is not what was stored")
	}
	return data[:n], nil
}

// ErrUnavailable means that pictures cannot be read, because their storage does not answer or
// refuses. They are not damaged.
var ErrUnavailable = errors.New("the pictures cannot be read now")

// unreadable is the error for a file that cannot be read: [ErrDamaged] if that concerns this file
// on a disk, [ErrUnavailable] if it is an outage of the storage, such as of a bucket's server. One
// of a file that is missing, or of a caller that has given up, stays as it is.
func unreadable(ctx context.Context, userID, key string, err error) error {
	if errors.Is(err, blob.ErrNotFound) || ctx.Err() != nil {
		return err
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return DamagedFile(userID, key, "cannot be read: %v", e.Err) // without the call and the path
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
