package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cardea-accounts/cardea/internal/store"
)

// run is an import in progress.
type run struct {
	*Importer
	opt     Options
	source  string
	total   int64
	uploads *os.Root // nil: no pictures
	batch   []Row
	summary Summary
}

// judged is a row with what became of it.
type judged struct {
	row     Row
	userID  string
	key     []byte // of the row of imports
	known   store.Import
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
			j, err := r.judge(ctx, tx, row)
			if err != nil {
				return fmt.Errorf("row %d: %w", row.Number, err)
			}
			all = append(all, j)
		}
		return nil
	})
	return all, err
}

// judge stores a row, and says what became of it.
func (r *run) judge(ctx context.Context, tx *store.Tx, row Row) (j judged, err error) {
	j = judged{row: row, userID: row.ID, key: keyOf(r.source, row)}
	j.verdict = Verdict{Row: row.Number, ID: row.ID, Email: row.Email}
	u, format, err := r.user(row)
	j.verdict.Hash = format
	if err == nil {
		j.userID, err = u.ID, r.bring(ctx, tx, u, &j)
	}
	j.verdict.ID = j.userID
	if why, ok := errors.AsType[reject](err); ok {
		j.verdict.Outcome, j.verdict.Reason, j.verdict.Message = Rejected, why.reason, why.message
		err = nil
	}
	if err == nil && (j.verdict.Outcome == Rejected || j.verdict.Outcome == Kept || j.verdict.Outcome == Deleted) {
		err = r.disown(ctx, tx, j)
	}
	return j, err
}

// bring adds or updates a user.
func (r *run) bring(ctx context.Context, tx *store.Tx, u store.User, j *judged) error {
	known, err := tx.ImportByKey(ctx, j.key)
	if errors.Is(err, store.ErrNotFound) {
		return r.add(ctx, tx, u, j)
	}
	if err != nil {
		return err
	}
	j.known, u.ID, j.userID = known, known.UserID, known.UserID
	if bytes.Equal(known.SourceHash, r.sourceHash(j.row)) {
		j.verdict.Outcome = Unchanged
		if _, err := tx.UserByID(ctx, u.ID); errors.Is(err, store.ErrNotFound) {
			j.verdict.Outcome = Deleted
		} else if err != nil {
			return err
		}
		return nil
	}
	return r.update(ctx, tx, u, j)
}

// sourceHash is [sourceHash] with the options that change what becomes of a row.
func (r *run) sourceHash(row Row) []byte {
	row.IsVerified = row.IsVerified || r.opt.AllVerified
	return sourceHash(row)
}

// add adds a user who comes for the first time.
func (r *run) add(ctx context.Context, tx *store.Tx, u store.User, j *judged) error {
	if err := r.wantFree(ctx, tx, u); err != nil {
		return err
	}
	if err := tx.CreateUser(ctx, u); err != nil {
		return err
	}
	j.verdict.Outcome = Imported
	j.known = store.Import{Key: j.key, UserID: u.ID, SourceHash: r.sourceHash(j.row), StateHash: stateHash(u), EmailHash: r.emailHash(j.row)}
	return tx.SetImport(ctx, j.known)
}

// wantFree rejects a user whose id or address another user has. Of several rows with one
// address, the first one comes.
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
	switch _, err := tx.UserByID(ctx, u.ID); {
	case err == nil:
		return reject{"duplicate_id", "another user has this id already; if this is another app, give --source a name of its own"}
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	return nil
}

// update brings a user up to date, unless something was changed here since.
func (r *run) update(ctx context.Context, tx *store.Tx, u store.User, j *judged) error {
	now, err := tx.UserByID(ctx, u.ID)
	if errors.Is(err, store.ErrNotFound) {
		j.verdict.Outcome = Deleted
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case !bytes.Equal(stateHash(now), j.known.StateHash):
		j.verdict.Outcome, j.verdict.Reason = Kept, "changed_here"
		j.verdict.Message = "changed here, or signed in, since the last import"
		return nil
	case now.EmailKey != u.EmailKey && now.PasswordHash != u.PasswordHash:
		return reject{"another_user", "address and password are both new: this looks like another user with the same id; if this is another app, give --source a name of its own"}
	}
	if err := r.change(ctx, tx, now, u); err != nil {
		return err
	}
	j.verdict.Outcome = Updated
	j.known.SourceHash, j.known.StateHash, j.known.EmailHash = r.sourceHash(j.row), stateHash(u), r.emailHash(j.row)
	return tx.SetImport(ctx, j.known)
}

// change makes a user as it is there. A new password ends the sessions, as it does in any case.
func (r *run) change(ctx context.Context, tx *store.Tx, now, u store.User) error {
	if now.EmailKey != u.EmailKey {
		if other, err := tx.UserByEmailKey(ctx, u.EmailKey); err == nil {
			return reject{"duplicate_email", fmt.Sprintf("the user %s has this e-mail address already", other.ID)}
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	err := errors.Join(tx.SetName(ctx, u.ID, u.Name), tx.SetEmail(ctx, u.ID, u.Email, u.EmailKey, u.EmailVerified))
	if now.PasswordHash != u.PasswordHash {
		err = errors.Join(err, tx.ReplacePasswordHash(ctx, u.ID, now.PasswordHash, u.PasswordHash))
	}
	if isSuspended := !u.SuspendedAt.IsZero(); isSuspended != !now.SuspendedAt.IsZero() {
		err = errors.Join(err, tx.SetSuspended(ctx, u.ID, u.SuspendedAt))
	}
	if err == nil && (now.PasswordHash != u.PasswordHash || !u.SuspendedAt.IsZero()) {
		_, err = tx.DeleteSessionsOfUser(ctx, u.ID, "", r.now())
	}
	return err
}
