package operate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// theBackup names the source of a restore in messages.
const theBackup = "a backup"

// toServer restores to a file first, which is checked, and copies that to the server. Until all is
// there, servers and commands refuse the database by its mark.
func (r *restoring) toServer(ctx context.Context) error {
	filling, err := r.place.Fill(ctx, theBackup, time.Now())
	if err != nil {
		return err
	}
	if err := r.fill(ctx, filling); err != nil {
		return errors.Join(err, filling.Discard(context.WithoutCancel(ctx)))
	}
	r.made.keep()
	if err := filling.Close(); err != nil {
		return fmt.Errorf("the backup is restored completely and can be used, but the connection to %v did not end cleanly: %w", r.place, err)
	}
	return nil
}

// fill restores everything to the server, and removes the mark of its database last.
func (r *restoring) fill(ctx context.Context, filling *database.Filling) error {
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
