package operate

import (
	"context"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
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

// storePictures stores the pictures of the backup, several at a time. It survives short outages of the
// storage.
func (r *restoring) storePictures(ctx context.Context, db *store.DB, files blob.Store, total int64) error {
	list := func(add func(media.File) error) error {
		return readPictures(ctx, r.in, db, total, func(file media.File) error {
			if err := picture.CheckStoredType(file.Data, file.ContentType); err != nil {
				return fmt.Errorf("%w: the picture %s is not of the type %q", archive.ErrInvalid, file.Key, file.ContentType)
			}
			return add(file)
		})
	}
	put := func(ctx context.Context, file media.File) (media.File, error) {
		err := storage.Patiently(ctx, picturePatience, func(ctx context.Context) error { return files.Put(ctx, file.Key, file.Data) })
		if err != nil {
			err = fmt.Errorf("storage: cannot write the picture %s: %w", file.Key, err)
		}
		return file, err
	}
	var done int64
	return inOrder(ctx, list, put, func(media.File) error {
		done++
		r.progress.report("restoring pictures", done, total)
		return nil
	})
}
