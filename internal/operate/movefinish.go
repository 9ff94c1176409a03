package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/storage"
)

// UndoMove lets servers use a database or picture storage again from which data was moved. It returns
// where the data was moved to, and whether only the pictures were moved. movedTo is empty if nothing
// was moved.
func UndoMove(ctx context.Context, from database.Place) (movedTo string, onlyPictures bool, err error) {
	movedTo, err = from.Undo(ctx)
	if err != nil || movedTo != "" {
		return movedTo, false, err
	}
	db, err := from.OpenExisting(ctx, func() (bool, error) { return false, nil })
	if err != nil {
		return "", false, err
	}
	movedTo, err = storage.Unleave(ctx, db, from.Pictures)
	return movedTo, movedTo != "", errors.Join(err, db.Close())
}

// FinishMove completes a move that was killed at the very end: after the source was marked as moved,
// but before the target's own mark was removed. It does nothing if the move is complete. Errors:
// [database.ErrMoved] if the source was moved to another target; [database.ErrInUse] if a server
// tries to use the target; [database.ErrNoData] if the target was removed.
func FinishMove(ctx context.Context, from database.Place, opt MoveOptions) (err error) {
	if opt.Database == nil {
		return nil
	}
	state, err := from.MoveState(ctx)
	if err != nil {
		return err
	}
	if state.MovedTo != opt.Database.Absolute() {
		return fmt.Errorf("%w, to %s", database.ErrMoved, state.MovedTo)
	}
	if opt.Storage != "" {
		target, err := storage.Filled(ctx, opt.Storage, from.Absolute())
		if err != nil {
			return err
		}
		if err := finishStorage(ctx, target); err != nil {
			return err
		}
	}
	filling, err := opt.Database.Resume(ctx, from.Absolute())
	if err != nil || filling == nil {
		return err
	}
	return errors.Join(filling.Finish(ctx), filling.Close())
}
