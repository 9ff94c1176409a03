package storage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cardea-accounts/cardea/internal/blob"
)

var (
	// ErrNotEmpty means that pictures cannot be moved to a storage, because it already has files.
	ErrNotEmpty = errors.New("is not empty; nothing was changed")
	// ErrFilling means that pictures are being moved to a storage, or that such a move was cut off.
	ErrFilling = errors.New("a move of pictures to this storage is running, or was cut off")
)

// markKey is the key of a file that marks a storage while pictures are moved to it. Its text names
// the database that the pictures belong to.
const markKey = "cardeamove"

// Fill opens a storage to move the pictures of a database to it, and creates a folder that is
// missing. The storage must be empty, except for files of an earlier Fill for the same database
// that was cut off: Fill removes them. Until [Finish], servers refuse the storage. Errors:
// [ErrNotEmpty], [ErrFilling] if the pictures of another database are being moved to it.
func Fill(ctx context.Context, place, database string) (blob.Store, error) {
	files, err := openToFill(place)
	if err != nil {
		return nil, err
	}
	if err := files.Check(ctx); err != nil {
		return nil, fmt.Errorf("storage: cannot write to %s: %w", Name(place), err)
	}
	mark, err := readMark(ctx, files)
	if err != nil {
		return nil, storageError(err)
	}
	if mark != "" && mark != database {
		return nil, refuseMark(place, mark)
	}
	err = files.List(ctx, func(item blob.Item) error {
		switch {
		case item.Err != nil:
			return item.Err
		case item.Key == markKey:
			return nil
		case mark == "" || item.Key == "":
			return fmt.Errorf("%s %w. Name another place, or empty this one", Name(place), ErrNotEmpty)
		}
		return files.Delete(ctx, item.Key)
	})
	if err == nil && mark == "" {
		err = errors.Join(files.Delete(ctx, markKey), files.Put(ctx, markKey, []byte(database)))
	}
	return files, storageError(err)
}

func openToFill(place string) (blob.Store, error) {
	if IsBucket(place) {
		return Unopened(place)
	}
	disk, err := blob.NewDisk(place)
	if err != nil {
		return nil, fmt.Errorf("storage: cannot create the folder %s: %w", place, reason(err))
	}
	return disk, nil
}

// Filled opens a storage that was filled with the pictures of a database, see [Fill]. It returns
// nil if the move is finished.
func Filled(ctx context.Context, place, database string) (blob.Store, error) {
	files, err := Unopened(place)
	if err != nil {
		return nil, err
	}
	mark, err := readMark(ctx, files)
	if err != nil || mark == "" {
		return nil, storageError(err)
	}
	if mark != database {
		return nil, refuseMark(place, mark)
	}
	return files, nil
}

// Finish removes the mark of [Fill], so servers can use the storage.
func Finish(ctx context.Context, files blob.Store) error {
	return storageError(files.Delete(ctx, markKey))
}

// readMark returns the database whose pictures are being moved to a storage; empty: none.
func readMark(ctx context.Context, files blob.Store) (string, error) {
	b, err := files.Open(ctx, markKey)
	if errors.Is(err, blob.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(b, 4096))
	return string(text), errors.Join(err, b.Close())
}

func refuseMark(place, database string) error {
	return fmt.Errorf("storage: %w: %s, of %s; if none is running, run it again", ErrFilling, Name(place), database)
}

// refuseFilling fails with [ErrFilling] while pictures are moved to a storage.
func refuseFilling(ctx context.Context, files blob.Store, place string) error {
	if mark, err := readMark(ctx, files); err == nil && mark != "" {
		return refuseMark(place, mark)
	}
	return nil // a mark that cannot be read now is reported elsewhere
}
