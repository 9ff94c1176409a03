package operate

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// theBackup names the source of a restore in messages.
const theBackup = "a backup"

// toServer restores to a file first, which is checked, and copies that to the server. Until all is
// there, servers and commands refuse the database by its mark.
func (r *restoring) toServer(ctx context.Context) (err error) {
	filling, err := r.place.Fill(ctx, theBackup, time.Now())
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, filling.Discard(context.WithoutCancel(ctx)))
		} else {
			err = filling.Close()
		}
	}()
	staged := r.dir.Staged()
	if err := r.stage(ctx, staged); err != nil {
		return err
	}
	db, err := sqlite.OpenExisting(ctx, staged)
	if err != nil {
		return err
	}
	reading, err := db.BeginReading(ctx)
	if err == nil {
		copied, copyErr := copyRows(ctx, reading, filling.DB, r.progress)
		r.contents.Replaced = copied.Replaced
		err = errors.Join(copyErr, reading.Close())
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := finishStorage(ctx, r.bucket); err != nil {
		return err
	}
	if err := os.Remove(staged); err != nil { // until now it shows that the folder is not restored
		return err
	}
	return filling.Finish(ctx)
}
