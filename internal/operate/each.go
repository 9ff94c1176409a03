package operate

import (
	"cmp"
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
)

// workers is how many pictures are read or written at a time, because most of the time is spent
// waiting for a disk or a server. So many are in memory, each of at most [archive.MaxPicture].
const workers = 8

// inOrder calls work for the items of a list, several at a time. It calls use with the results, one
// after the other and in the order of the list. It ends at the first error, after all calls of work.
func inOrder[T, R any](ctx context.Context, list func(add func(T) error) error, work func(context.Context, T) (R, error), use func(R) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		value R
		err   error
	}
	queue := make(chan chan result, workers-1) // and one that is in use
	listed := make(chan error, 1)
	go func() {
		listed <- list(func(item T) error {
			done := make(chan result, 1)
			select {
			case queue <- done:
			case <-ctx.Done():
				return ctx.Err()
			}
			go func() {
				value, err := work(ctx, item)
				done <- result{value, err}
			}()
			return nil
		})
		close(queue)
	}()
	var failed error
	for done := range queue {
		r := <-done
		if failed != nil {
			continue
		}
		if failed = r.err; failed == nil {
			failed = use(r.value)
		}
		if failed != nil {
			cancel()
		}
	}
	return cmp.Or(failed, <-listed)
}

// inParallel calls work for the items of a list, several at a time. It ends at the first error, after
// all calls of work.
func inParallel[T any](ctx context.Context, list func(add func(T) error) error, work func(context.Context, T) error) error {
	type nothing struct{}
	return inOrder(ctx, list,
		func(ctx context.Context, item T) (nothing, error) { return nothing{}, work(ctx, item) },
		func(nothing) error { return nil })
}

// storedPicture is a picture as it is in the storage, and the row that it was looked for with.
type storedPicture struct {
	row store.Picture
	media.Stored
}

// eachStored reads the files of all pictures of a database, several at a time, and calls f for each
// picture in turn. It survives short outages of the storage. A picture that was removed meanwhile has
// no files.
func (d *Data) eachStored(ctx context.Context, db pictureList, f func(storedPicture) error) error {
	list := func(add func(store.Picture) error) error { return eachPicture(ctx, db, add) }
	return inOrder(ctx, list, d.readPatiently, f)
}

func (d *Data) readPatiently(ctx context.Context, row store.Picture) (storedPicture, error) {
	read := storedPicture{row: row}
	var lasting error // another attempt would not help
	err := storage.Patiently(ctx, d.patience, func(ctx context.Context) (err error) {
		read.Stored, err = d.pictures.Read(ctx, row)
		if err != nil && ctx.Err() == nil && !errors.Is(err, media.ErrUnavailable) {
			lasting, err = err, nil
		}
		return err
	})
	if errors.Is(lasting, media.ErrPictureNotFound) {
		return storedPicture{row: row}, nil
	}
	return read, cmp.Or(lasting, err)
}
