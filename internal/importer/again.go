package importer

import (
	"bytes"
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/store"
)

// again brings a user up to date who was brought in before. why says why the row cannot come;
// nil: it can. A suspension comes in any case.
func (r *run) again(ctx context.Context, tx *store.Tx, j *judged, why error) error {
	now, err := tx.UserByID(ctx, j.user.ID)
	if errors.Is(err, store.ErrNotFound) {
		j.verdict.Outcome = Deleted
		return nil
	}
	if err != nil {
		return err
	}
	if why == nil {
		why = wantSame(now, *j)
	}
	next := now
	if why == nil {
		next = r.merge(ctx, tx, now, j, &why)
	}
	if _, isReject := errors.AsType[reject](why); why != nil && !isReject {
		return why
	}
	isSuspended := r.isSuspended(j.row)
	switch {
	case isSuspended && now.SuspendedAt.IsZero():
		next.SuspendedAt, j.known.IsSuspended = store.Stored(r.now()), true
	case !isSuspended && why == nil && j.known.IsSuspended:
		next.SuspendedAt, j.known.IsSuspended = store.User{}.SuspendedAt, false
	}
	if err := r.change(ctx, tx, now, next); err != nil {
		return err
	}
	if err := tx.SetImport(ctx, j.known); err != nil {
		return err
	}
	if isChanged := now != next; j.verdict.Outcome == "" && isChanged {
		j.verdict.Outcome = Updated
	} else if j.verdict.Outcome == "" {
		j.verdict.Outcome = Unchanged
	}
	return why
}

// wantSame rejects a row that has the id of a user and nothing else of theirs.
func wantSame(now store.User, j judged) error {
	isNew := !bytes.Equal(store.Sum(j.user.Email), j.known.Email) && !bytes.Equal(store.Sum(j.user.PasswordHash), j.known.Password)
	if !isNew || now.EmailKey == j.user.EmailKey || !j.row.CreatedAt.IsZero() && now.CreatedAt.Equal(j.user.CreatedAt) {
		return nil
	}
	return reject{"another_user", "address and password are both new: this looks like another user with the same id; " +
		"if this is another app, give --source a name of its own; if it is the same user, first import the one, then the other change"}
}

// merge takes over what was changed there since the last import, unless the user has changed
// it here. What stays is said in the verdict. An error goes to failed.
func (r *run) merge(ctx context.Context, tx *store.Tx, now store.User, j *judged, failed *error) (next store.User) {
	u, next := j.user, now
	if r.isChanged(j, &j.known.Name, j.known.Name, now.Name, u.Name) {
		next.Name = u.Name
	}
	if r.isChanged(j, &j.known.PasswordHere, j.known.Password, now.PasswordHash, u.PasswordHash) {
		next.PasswordHash = u.PasswordHash
	}
	if bytes.Equal(j.known.PasswordHere, store.Sum(u.PasswordHash)) {
		j.known.Password = j.known.PasswordHere
	}
	before := j.known.Email
	if r.isChanged(j, &j.known.Email, before, now.Email, u.Email) {
		err := r.wantFree(ctx, tx, u)
		if taken, ok := errors.AsType[reject](err); ok {
			j.known.Email = before
			j.verdict.Outcome, j.verdict.Reason = Kept, taken.reason
			j.verdict.Message = taken.message + "; if that user has another one there by now, import again; " +
				"if two have swapped addresses, give one of them a third address there, import twice, give that one the right address, and import again"
		} else if err != nil {
			*failed = err
			return next
		} else {
			next.Email, next.EmailKey, next.EmailVerified = u.Email, u.EmailKey, u.EmailVerified || now.EmailVerified && now.EmailKey == u.EmailKey
		}
	}
	if next.EmailKey == u.EmailKey { // what was verified once stays so
		next.EmailVerified = next.EmailVerified || u.EmailVerified
	}
	return next
}

// isChanged reports whether a value is to be taken over, and notes it as brought in at mark.
// brought is the [store.Sum] of the value at the last import.
func (r *run) isChanged(j *judged, mark *[]byte, brought []byte, here, there string) bool {
	sum := store.Sum(there)
	switch {
	case bytes.Equal(sum, brought):
		return false
	case here == there, bytes.Equal(store.Sum(here), *mark):
		*mark = sum
		return here != there
	}
	j.verdict.Outcome, j.verdict.Reason = Kept, "changed_here"
	j.verdict.Message = "changed there and here since the last import; what the user changed here stays"
	return false
}

// change makes a user as it is there. A new password or a suspension ends the sessions, as it
// does in any case.
func (r *run) change(ctx context.Context, tx *store.Tx, now, next store.User) (err error) {
	if now.Name != next.Name {
		err = tx.SetName(ctx, now.ID, next.Name)
	}
	if now.Email != next.Email || now.EmailVerified != next.EmailVerified {
		err = errors.Join(err, tx.SetEmail(ctx, now.ID, next.Email, next.EmailKey, next.EmailVerified))
	}
	if now.PasswordHash != next.PasswordHash {
		err = errors.Join(err, tx.ReplacePasswordHash(ctx, now.ID, now.PasswordHash, next.PasswordHash))
	}
	if !now.SuspendedAt.Equal(next.SuspendedAt) {
		err = errors.Join(err, tx.SetSuspended(ctx, now.ID, next.SuspendedAt))
	}
	isOut := now.PasswordHash != next.PasswordHash || now.SuspendedAt.IsZero() && !next.SuspendedAt.IsZero()
	if err == nil && isOut {
		_, err = tx.DeleteSessionsOfUser(ctx, now.ID, "", r.now())
	}
	return err
}
