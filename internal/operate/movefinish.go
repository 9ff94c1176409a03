package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
)

// UnfinishedError is an error from the very end of a move: the source is marked as moved, but servers
// may refuse the target. [FinishMove] completes the move.
type UnfinishedError struct {
	Err         error
	IsUncertain bool // the source may be marked, or not: a second [Data.Move] or [FinishMove] tells
}

func (e UnfinishedError) Error() string {
	if e.IsUncertain {
		return fmt.Sprintf("the data may have been moved: %v; run the same command again before you start the server", e.Err)
	}
	if errors.Is(e.Err, storage.ErrTaken) {
		return fmt.Sprintf("the data was moved, but the target cannot be used: %v. Run cardea move --undo with the old settings, then move again", e.Err)
	}
	return fmt.Sprintf("the data is moved, but the target is not ready for use: %v; run the same command again to complete the move before you start the server", e.Err)
}

func (e UnfinishedError) Unwrap() error { return e.Err }

// finishPatience limits the last changes of the source and of the target.
const finishPatience = 30 * time.Second

// finish makes the target the place of the data. The data moves at the moment when the source is
// marked. Before it, an interruption calls the move off. After it, [FinishMove] completes the move.
func (m *move) finish(ctx context.Context) error {
	m.opt.Progress.report("finishing", 0, 0)
	if m.files != nil {
		if err := m.files.to.CheckOwner(ctx); err != nil { // it may have waited for hours
			return err
		}
	}
	if err := m.mark(ctx); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishPatience)
	defer cancel()
	var files *storage.Filling
	if m.files != nil {
		files = m.files.to
	}
	if err := finishTarget(bounded, files, m.filling); err != nil {
		return UnfinishedError{Err: inWords(err)}
	}
	return nil
}

// mark marks the source as moved. If pictures move alone, that is the record in its database that they
// have left the old storage. Otherwise the record is in the target. If it is unknown whether the source
// is marked, mark fails with an [UnfinishedError].
func (m *move) mark(ctx context.Context) error {
	if m.filling == nil {
		if err := m.pause.End(); err != nil {
			return err
		}
		return orUncertain(m.leaveStorage(ctx, m.db))
	}
	if m.files != nil {
		if err := m.leaveStorage(ctx, m.filling.DB); err != nil {
			return err
		}
	}
	return orUncertain(m.pause.Finish(ctx, m.opt.Database.Absolute(), m.Data.opt.Now()))
}

// orUncertain makes a [store.ErrUncertain] an [UnfinishedError].
func orUncertain(err error) error {
	if errors.Is(err, store.ErrUncertain) {
		return UnfinishedError{Err: inWords(err), IsUncertain: true}
	}
	return err
}

func (m *move) leaveStorage(ctx context.Context, db *store.DB) error {
	ctx, cancel := context.WithTimeout(ctx, finishPatience)
	defer cancel()
	if err := storage.Leave(ctx, db, m.dir.Pictures, m.files.to, m.Data.opt.Now()); err != nil {
		return fmt.Errorf("cannot record that the pictures leave the old storage: %w", err)
	}
	return nil
}

// finishTarget lets servers use a storage, and then the database, unless they are nil. In this order,
// servers refuse the database until its pictures can be used, even if the storage cannot be read.
func finishTarget(ctx context.Context, files *storage.Filling, db *database.Filling) error {
	if err := finishStorage(ctx, files); err != nil || db == nil {
		return err
	}
	return db.Finish(ctx)
}

// finishStorage lets servers use a storage that was filled; nil: there is none.
func finishStorage(ctx context.Context, files *storage.Filling) error {
	if files == nil {
		return nil
	}
	return files.Finish(ctx)
}

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
// but before the target's own marks were removed. It does nothing if the move is complete. Errors:
// [database.ErrMoved] and [storage.ErrLeft] if the source was moved to another target;
// [UnfinishedError]; [database.ErrInUse] if a server tries to use the target; [database.ErrNoData] if
// the target was removed.
func FinishMove(ctx context.Context, from database.Place, opt MoveOptions) (err error) {
	if opt.Database == nil {
		return finishPictures(ctx, from, opt.Storage)
	}
	state, err := from.MoveState(ctx)
	if err != nil {
		return err
	}
	if state.MovedTo != opt.Database.Absolute() {
		return fmt.Errorf("%w, to %s", database.ErrMoved, state.MovedTo)
	}
	filling, err := opt.Database.Resume(ctx, from.Absolute())
	if err != nil || filling == nil {
		return err
	}
	defer func() { err = errors.Join(err, filling.Close()) }()
	return resume(ctx, filling.DB, from, opt.Storage, filling)
}

// finishPictures completes a move of pictures alone.
func finishPictures(ctx context.Context, from database.Place, to string) error {
	db, err := from.OpenExisting(ctx, func() (bool, error) { return false, nil })
	if err != nil {
		return err
	}
	return errors.Join(resume(ctx, db, from, to, nil), db.Close())
}

// resume finishes a target. db has the record that the pictures have left the old storage.
func resume(ctx context.Context, db *store.DB, from database.Place, to string, filling *database.Filling) error {
	files, err := storage.Resume(ctx, db, from.Pictures, to, from.Absolute())
	if err == nil {
		err = finishTarget(ctx, files, filling)
	}
	if err != nil && !errors.Is(err, storage.ErrLeft) {
		err = UnfinishedError{Err: err}
	}
	return err
}
