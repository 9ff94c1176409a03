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
	// ErrFilling means that pictures are being moved or restored to a storage, or that this was cut
	// off.
	ErrFilling = errors.New("a move or restore of pictures to this storage is running, or was cut off")
)

// markKey is a file that is in a storage while pictures are moved or restored to it. Its text is the
// database or backup whose pictures they are.
const markKey = "cardeamove"

// Fill opens a storage to which the pictures of a database or backup are to be copied, and makes a
// folder that is missing. It must be empty. Files of an earlier Fill from the same one, which was cut off,
// are removed. Until [Finish], servers refuse the storage. Errors: [ErrNotEmpty], [ErrFilling] if
// the pictures of another one are being copied to it.
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
	for { // a list of many files may be cut off
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

// emptyPatience bounds the attempts to remove a file of an earlier [Fill].
const emptyPatience = time.Minute

// emptyFilled removes the files of an earlier [Fill], and returns how many it removed. Without its mark,
// a file is an error.
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

// putMark marks a storage. If that fails, it leaves no mark, also if only the answer was lost.
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

// Finish lets servers use a storage to which pictures were copied.
func Finish(ctx context.Context, files blob.Store) error {
	return storageError(files.Delete(ctx, markKey))
}

// readMark returns from where a storage is being filled; empty: it is not.
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
	return fmt.Errorf("storage: %w: %s, of %s; if none is running, run it again", ErrFilling, Name(place), from)
}

// refuseFilling fails with [ErrFilling] while pictures are copied to a storage.
func refuseFilling(ctx context.Context, files blob.Store, place string) error {
	if mark, err := readMark(ctx, files); err == nil && mark != "" {
		return refuseMark(place, mark)
	}
	return nil // a mark that cannot be read now is reported elsewhere
}
