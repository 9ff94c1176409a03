package operate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// verify reads a backup from its beginning and compares it with its manifest and with
// the copy of the database.
func (b *backup) verify(ctx context.Context, r io.ReadSeeker) (err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	db, err := sqlite.OpenExisting(ctx, b.copy)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var done int64
	return readPictures(ctx, r, db, b.Contents.files, func(media.File) error {
		done++
		b.opt.Progress.report("verifying", done, b.Contents.files)
		return nil
	})
}

// readPictures reads the pictures of a backup, compares each with the row that names it,
// and calls f. It fails if one is there twice, and unless there are as many as wanted.
func readPictures(ctx context.Context, r io.Reader, db *store.DB, want int64, f func(media.File) error) error {
	in, err := archive.NewReader(r)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
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
		file, err := readNamed(ctx, db, entry, in)
		if err != nil {
			return err
		}
		if seen[file.Key] {
			return fmt.Errorf("%w: the picture %s is in it twice", archive.ErrInvalid, file.Key)
		}
		seen[file.Key] = true
		if err := f(file); err != nil {
			return err
		}
	}
	if done := int64(len(seen)); done != want {
		return fmt.Errorf("%w: it has %d of %d picture files", archive.ErrInvalid, done, want)
	}
	return nil
}

// readNamed reads a file from a backup and compares it with the row that names it.
func readNamed(ctx context.Context, db *store.DB, entry archive.Entry, r io.Reader) (media.File, error) {
	named, err := db.FileByKey(ctx, entry.Key)
	if errors.Is(err, store.ErrNotFound) {
		return media.File{}, fmt.Errorf("%w: no user has the picture %s", archive.ErrInvalid, entry.Key)
	}
	if err != nil {
		return media.File{}, err
	}
	data := make([]byte, entry.Size) // at most archive.MaxPicture
	if _, err := io.ReadFull(r, data); err != nil {
		return media.File{}, err
	}
	if media.Version(data) != named.Version {
		return media.File{}, fmt.Errorf("%w: the picture %s does not match its row", archive.ErrInvalid, entry.Key)
	}
	return media.File{File: named, Data: data}, nil
}
