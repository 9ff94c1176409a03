package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/storage"
)

// The picture storage of a restore.

// backupFor marks a bucket while the pictures of a backup are restored to it. The database in the
// mark keeps another restore from taking the bucket for its own.
func backupFor(place database.Place) string { return theBackup + " for " + place.Absolute() }

// storage opens the empty picture storage. What is put there from now on is undone. A bucket is
// marked until [finishStorage], because nothing else shows that a restore was killed.
func (r *restoring) storage(ctx context.Context) (blob.Store, error) {
	if !storage.IsBucket(r.dir.Pictures) {
		r.made.inside(r.dir.Pictures)
		return blob.NewDisk(r.dir.Pictures)
	}
	files, err := storage.Fill(ctx, r.dir.Pictures, backupFor(r.place))
	if err != nil {
		return nil, err
	}
	r.bucket = files
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
