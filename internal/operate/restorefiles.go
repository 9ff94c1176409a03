package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/storage"
)

// The picture storage of a restore.

// storage opens the empty picture storage. What is put there from now on is undone.
func (r *restoring) storage(ctx context.Context) (blob.Store, error) {
	if !storage.IsBucket(r.dir.Pictures) {
		r.made.inside(r.dir.Pictures)
		return blob.NewDisk(r.dir.Pictures)
	}
	files, err := storage.Unopened(r.dir.Pictures)
	if err != nil {
		return nil, err
	}
	if err := files.Check(ctx); err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	r.made.inStorage(context.WithoutCancel(ctx), files)
	return files, nil
}

func putOnce(ctx context.Context, files blob.Store, file media.File) error {
	_, err := files.ModTime(ctx, file.Key)
	if err == nil {
		return fmt.Errorf("%w: the picture %s is in it twice", archive.ErrInvalid, file.Key)
	}
	if !errors.Is(err, blob.ErrNotFound) {
		return err
	}
	return files.Put(ctx, file.Key, file.Data)
}
