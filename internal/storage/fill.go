package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cardea-accounts/cardea/internal/blob"
)

var (
	// ErrNotEmpty means that pictures cannot be moved to a storage, because it already has files.
	ErrNotEmpty = errors.New("is not empty; nothing was changed")
	// ErrFilling means that pictures are being moved or restored to a storage, or that such a move or
	// restore was cut off.
	ErrFilling = errors.New("a move or restore of pictures to this storage is running, or was cut off")
	// ErrTaken means that a later move or restore fills a storage, so the earlier one cannot use it.
	ErrTaken = errors.New("another move or restore has begun to fill this storage")
)

// A storage to which pictures are moved or restored has two files more.
const (
	// markKey is the key of the mark. Its text names the database or backup that the pictures belong
	// to. It stays until all pictures are there.
	markKey = "cardeamove"
	// runKey is the key of a random text for the move or restore that fills the storage. The mark alone
	// does not tell two of them apart: /data/cardea.db is a different database in each container.
	//
	// A blob cannot be replaced in one step. So the text is not in the mark: a process that is killed
	// between removing the old text and writing its own must not leave files without a mark.
	runKey = "cardearun"
)

// Fill opens a storage to copy the pictures of a database or backup to it, and creates a folder that
// is missing. from names the source. The storage must be empty, except for files of an earlier Fill
// from the same source: Fill removes them, and the earlier one fails if it still runs. Until
// [Filling.Finish], servers refuse the storage. Errors: [ErrNotEmpty]; [ErrFilling] if pictures from
// another source are being copied to it; [ErrTaken].
func Fill(ctx context.Context, place, from string) (*Filling, error) {
	files, err := openToFill(place)
	if err != nil {
		return nil, err
	}
	if err := files.Check(ctx); err != nil {
		return nil, fmt.Errorf("storage: cannot write to %s: %w", Name(place), err)
	}
	mark, err := readText(ctx, files, markKey)
	if err != nil {
		return nil, storageError(err)
	}
	if mark != "" && mark != from {
		return nil, refuseMark(place, mark)
	}
	f := &Filling{Store: files, place: place, from: from, run: strings.ToLower(rand.Text())}
	if mark == "" {
		err = f.begin(ctx)
	} else {
		err = f.takeOver(ctx)
	}
	if err != nil {
		return nil, storageError(err)
	}
	return f, nil
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

// readText returns a small file; empty: there is none.
func readText(ctx context.Context, files blob.Store, key string) (string, error) {
	b, err := files.Open(ctx, key)
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

// refuseFilling fails with [ErrFilling] while pictures are copied to a storage, and with another error
// if its mark cannot be read.
func refuseFilling(ctx context.Context, files blob.Store, place string) error {
	mark, err := readText(ctx, files, markKey)
	if err == nil && mark != "" {
		return refuseMark(place, mark)
	}
	return storageError(err)
}
