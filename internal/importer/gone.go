package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/store"
)

// refuseMany refuses to suspend more users than the limit allows. Error: [ErrLossLimit].
func (r *run) refuseMany(ctx context.Context) error {
	if !r.opt.SuspendGone {
		return nil
	}
	_, missed, err := r.db.CountImports(ctx, store.Sum(r.source), r.id)
	if err != nil || missed <= r.mostLost() {
		return err
	}
	return fmt.Errorf("nobody was suspended, because the source may not be whole: "+
		"%d of %d users are gone there, %w of %d %%; if they are, add --loss-limit %d",
		missed, r.before, ErrLossLimit, r.opt.LossLimit, r.neededLimit(missed))
}

// findGone reports the users of the source who were imported before and have no row any more,
// and suspends them if that is asked for. After a row that cannot be read, and without any
// row, nobody counts as gone.
func (r *run) findGone(ctx context.Context) error {
	if r.isPartial || r.summary.Rows == 0 {
		return nil
	}
	refused := r.refuseMany(ctx)
	if refused != nil && !errors.Is(refused, ErrLossLimit) {
		return refused
	}
	r.opt.SuspendGone = r.opt.SuspendGone && refused == nil
	for after := []byte{}; ; {
		missed, err := r.db.ImportsMissed(ctx, store.Sum(r.source), r.id, after, batchSize)
		if err != nil || len(missed) == 0 {
			return errors.Join(refused, err)
		}
		after = missed[len(missed)-1].Key
		var verdicts []Verdict
		err = r.db.Tx(ctx, func(tx *store.Tx) error {
			verdicts = verdicts[:0]
			for _, known := range missed {
				u, err := r.leave(ctx, tx, known)
				if err == nil {
					verdicts = append(verdicts, Verdict{ID: u.ID, Email: u.Email, Outcome: Gone})
				} else if !errors.Is(err, store.ErrNotFound) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, v := range verdicts {
			r.summary.count(v)
			if err := r.report(v); err != nil {
				return err
			}
		}
	}
}

// leave finds a user who is gone there, and suspends them if that is asked for. Then the app may
// give the id to somebody else, so its cookies do not name the user by the id any more. Error:
// [store.ErrNotFound] if the user is gone here, too.
func (r *run) leave(ctx context.Context, tx *store.Tx, known store.Import) (store.User, error) {
	if known.IsForgotten() {
		return store.User{}, store.ErrNotFound
	}
	u, err := tx.UserByID(ctx, known.UserID)
	if err != nil || !r.opt.SuspendGone {
		return u, err
	}
	if err := tx.RefuseImportedID(ctx, known.Key); err != nil || !u.SuspendedAt.IsZero() {
		return u, err
	}
	next := u
	next.SuspendedAt, known.IsSuspended = store.Stored(r.now()), true
	return u, errors.Join(r.change(ctx, tx, u, next), tx.SetImport(ctx, known))
}
