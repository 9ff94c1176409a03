package importer

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cardea-accounts/cardea/internal/store"
)

// run is an import in progress.
type run struct {
	*Importer
	opt       Options
	id        string // tells it apart from other runs
	source    string
	total     int64
	uploads   *os.Root // nil: no pictures
	batch     []Row
	isPartial bool // a row could not be read, so it is not known who is gone there
	summary   Summary
}

// judged is a row with what became of it.
type judged struct {
	row     Row
	user    store.User   // as it comes
	known   store.Import // as it was brought in
	verdict Verdict
}

// store stores a batch in one transaction.
func (r *run) store(ctx context.Context, batch []Row) (all []judged, err error) {
	if len(batch) == 0 {
		return nil, nil
	}
	err = r.db.Tx(ctx, func(tx *store.Tx) error {
		all = all[:0]
		for _, row := range batch {
			j := judged{row: row, verdict: Verdict{Row: row.Number, ID: row.ID, Email: row.Email}}
			err := r.judge(ctx, tx, &j)
			if why, ok := errors.AsType[reject](err); ok {
				j.verdict.Outcome, j.verdict.Reason, j.verdict.Message = Rejected, why.reason, why.message
			} else if err != nil {
				return fmt.Errorf("row %d: %w", row.Number, err)
			}
			all = append(all, j)
		}
		return nil
	})
	return all, err
}

// judge stores a row, and says what became of it. Of several rows for one user, the first one
// counts, even if it cannot come.
func (r *run) judge(ctx context.Context, tx *store.Tx, j *judged) error {
	if j.row.problem != "" {
		r.isPartial = true
		return reject{"unreadable", j.row.problem}
	}
	key := keyOf(r.source, j.row)
	known, err := tx.ImportByKey(ctx, key)
	isNew := errors.Is(err, store.ErrNotFound)
	switch {
	case err != nil && !isNew:
		return err
	case !isNew:
		j.verdict.ID = known.UserID
		if known.Run == r.id {
			return wasMet(j.row)
		}
		known.Run = r.id
		if err := tx.SetImport(ctx, known); err != nil {
			return err
		}
	}
	var why error
	if j.user, j.verdict.Hash, why = r.user(j.row); why == nil && isNew {
		j.known = store.Import{Key: key, Source: store.Sum(r.source), UserID: j.user.ID, Run: r.id}
		return r.add(ctx, tx, j)
	}
	if isNew {
		return why
	}
	j.known, j.user.ID = known, known.UserID
	return r.again(ctx, tx, j, why)
}

// wasMet rejects a second row for one user.
func wasMet(row Row) error {
	if row.ID == "" {
		return reject{"duplicate_email", "a row before has this e-mail address; the first one counts"}
	}
	return reject{"duplicate_id", "a row before has this id; the first one counts"}
}

// add adds a user who comes for the first time.
func (r *run) add(ctx context.Context, tx *store.Tx, j *judged) error {
	u := j.user
	if err := r.wantFree(ctx, tx, u); err != nil {
		return err
	}
	if _, err := tx.UserByID(ctx, u.ID); err == nil {
		return reject{"duplicate_id", "another user has this id already; if this is another app, give --source a name of its own"}
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := tx.CreateUser(ctx, u); err != nil {
		return err
	}
	j.verdict.Outcome, j.verdict.ID = Imported, u.ID
	j.known.Name, j.known.Email, j.known.IsSuspended = store.Sum(u.Name), store.Sum(u.Email), !u.SuspendedAt.IsZero()
	j.known.Password = store.Sum(u.PasswordHash)
	j.known.PasswordHere = j.known.Password
	return tx.SetImport(ctx, j.known)
}

// wantFree rejects an address that another user has. Of several users with one address, the
// first one comes.
func (r *run) wantFree(ctx context.Context, tx *store.Tx, u store.User) error {
	switch other, err := tx.UserByEmailKey(ctx, u.EmailKey); {
	case err == nil && other.ID != u.ID:
		return reject{"duplicate_email", fmt.Sprintf("the user %s has this e-mail address already", other.ID)}
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	switch owner, err := tx.UserToUndo(ctx, u.EmailKey, r.now()); {
	case err == nil && owner != u.ID:
		return reject{"duplicate_email", "this e-mail address is kept for a week for the user who had it"}
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	return nil
}
