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
	before    int64    // users of the source who came before and may sign in
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
	// isSecond: a row before is the same user's, and counts.
	isSecond bool
}

// store stores a batch in one transaction.
func (r *run) store(ctx context.Context, batch []Row) (all []judged, err error) {
	if len(batch) == 0 {
		return nil, nil
	}
	err = r.db.Tx(ctx, func(tx *store.Tx) error {
		all = all[:0]
		for _, row := range batch {
			j := judged{row: row, verdict: row.verdict()}
			err := r.claim(ctx, tx, row)
			if err == nil {
				err = r.judge(ctx, tx, &j)
			}
			if why, ok := errors.AsType[reject](err); ok {
				j.verdict.Outcome, j.verdict.Reason, j.verdict.Message = Rejected, why.reason, why.message
				err = nil
			}
			if o := j.verdict.Outcome; err == nil && (o == Rejected || o == Kept || o == Deleted) {
				err = r.disown(ctx, tx, j)
			}
			if err != nil {
				return fmt.Errorf("row %d: %w", row.Number, err)
			}
			all = append(all, j)
		}
		return nil
	})
	return all, err
}

// judge stores a row, and says what became of it. Of several rows for one user, the first one
// counts.
func (r *run) judge(ctx context.Context, tx *store.Tx, j *judged) error {
	if j.row.problem != "" {
		r.isPartial = true
		return reject{"unreadable", j.row.problem}
	}
	known, err := tx.ImportByKey(ctx, keyOf(r.source, j.row))
	isNew := errors.Is(err, store.ErrNotFound)
	switch {
	case err != nil && !isNew:
		return err
	case !isNew && known.Run == r.id:
		j.verdict.ID, j.isSecond = known.UserID, true
		return wasMet(j.row)
	}
	var why error
	j.user, j.verdict.Hash, why = r.user(j.row, isNew)
	switch {
	case isNew && why != nil:
		return why
	case isNew:
		return r.add(ctx, tx, j)
	}
	known.Run = r.id
	j.known, j.user.ID, j.verdict.ID = known, known.UserID, known.UserID
	return r.again(ctx, tx, j, why)
}

// wasMet rejects a second row for one user.
func wasMet(row Row) error {
	if row.ID == "" {
		return reject{"duplicate_email", "a row before has this e-mail address; the first one counts"}
	}
	return reject{"duplicate_id", "a row before has this id; the first one counts; if the key has several columns, join them in --query or name another one by --map id=COLUMN"}
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
	password := store.Sum(u.PasswordHash)
	j.known = store.Import{
		Key: keyOf(r.source, j.row), Source: store.Sum(r.source), EmailHash: r.emailHash(j.row), UserID: u.ID, Run: r.id,
		Name: store.Sum(u.Name), Email: store.Sum(u.Email), Password: password, PasswordHere: password, IsSuspended: !u.SuspendedAt.IsZero(),
	}
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
