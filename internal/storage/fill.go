package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
)

var (
	// ErrNotEmpty means that pictures cannot be moved to a storage, because it already has files.
	ErrNotEmpty = errors.New("is not empty; nothing was changed")
	// ErrFilling means that pictures are being moved or restored to a storage, or that such a move or
	// restore was cut off.
	ErrFilling = errors.New("a move or restore of pictures to this storage is running, or was cut off")
)

// markKey is the key of a file that marks a storage while pictures are moved or restored to it. Its
// text names the database or backup that the pictures belong to.
const markKey = "cardeamove"

// Fill opens a storage to copy the pictures of a database or backup to it, and creates a folder that
// is missing. from names the source. The storage must be empty, except for files of an earlier Fill
// from the same source that was cut off: Fill removes them. Until [Finish], servers refuse the
// storage. Errors: [ErrNotEmpty], [ErrFilling] if pictures from another source are being copied to
// it.
func Fill(ctx context.Context, place, from string) (blob.Store, error) {
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
	if mark != "" && mark != from {
		return nil, refuseMark(place, mark)
	}
	for { // listing many files may fail half-way
		removed, err := emptyFilled(ctx, files, place, mark)
		if err == nil {
			break
		}
		if removed == 0 || !mayPass(err) {
			return nil, storageError(err)
		}
	}
	if mark == "" {
		err = putMark(ctx, files, from)
	}
	return files, storageError(err)
}

// emptyPatience limits the time of all attempts to remove one file of an earlier [Fill].
const emptyPatience = time.Minute

// emptyFilled removes the files of an earlier [Fill], and returns how many it removed. If the storage
// has no mark, it fails on any file.
func emptyFilled(ctx context.Context, files blob.Store, place, mark string) (removed int, err error) {
	err = files.List(ctx, func(item blob.Item) error {
		switch {
		case item.Err != nil:
			return item.Err
		case item.Key == markKey:
			return nil
		case mark == "" || item.Key == "":
			return fmt.Errorf("%s %w. Name another place, or empty this one", Name(place), ErrNotEmpty)
		}
		err := Patiently(ctx, emptyPatience, func(ctx context.Context) error { return files.Delete(ctx, item.Key) })
		if err == nil {
			removed++
		}
		return err
	})
	return removed, err
}

// putMark marks a storage. If that fails, it removes the mark again, because only the answer may have
// been lost.
func putMark(ctx context.Context, files blob.Store, from string) error {
	err := errors.Join(files.Delete(ctx, markKey), files.Put(ctx, markKey, []byte(from)))
	if err != nil {
		err = errors.Join(err, files.Delete(context.WithoutCancel(ctx), markKey))
	}
	return err
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

// readMark returns the source from which a storage is being filled; empty: it has no mark.
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

func refuseMark(place, from string) error {
	return fmt.Errorf("storage: %w: %s, from %s; wait for it or, if it was cut off, run the same move or restore again", ErrFilling, Name(place), from)
}

// refuseFilling fails with [ErrFilling] while pictures are copied to a storage.
func refuseFilling(ctx context.Context, files blob.Store, place string) error {
	if mark, err := readMark(ctx, files); err == nil && mark != "" {
		return refuseMark(place, mark)
	}
	return nil // a mark that cannot be read now is reported elsewhere
}
