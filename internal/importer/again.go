package importer

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// again brings a user up to date who was brought in before. why says why the row cannot come;
// nil: it can. A suspension comes in any case.
func (r *run) again(ctx context.Context, tx *store.Tx, j *judged, why error) error {
	now, err := tx.UserByID(ctx, j.user.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		j.verdict.Outcome = Deleted
		return nil
	case err != nil:
		return err
	case j.known.IsForgotten():
		return reject{"another_user", "the user here is another one by now, such as one who registered with the address before it was verified"}
	}
	next := now
	if why == nil {
		why = wantSame(now, *j)
	}
	switch {
	case why == nil:
		if next, err = r.merge(ctx, tx, now, j); err != nil {
			return err
		}
	case isGivenUp(now, *j) && bytes.Equal(store.Sum(now.Email), j.known.Email): // not if changed here
		next.PasswordHash, j.known.PasswordHere = "", store.Sum("")
	}
	j.verdict.LosesPassword = now.PasswordHash != "" && next.PasswordHash == ""
	isSuspended := r.isSuspended(j.row)
	switch {
	case isSuspended && now.SuspendedAt.IsZero():
		next.SuspendedAt, j.known.IsSuspended = store.Stored(r.now()), true
	case !isSuspended && why == nil && j.known.IsSuspended:
		next.SuspendedAt, j.known.IsSuspended = time.Time{}, false
	}
	if err := r.change(ctx, tx, now, next); err != nil {
		return err
	}
	if err := tx.SetImport(ctx, j.known); err != nil {
		return err
	}
	switch {
	case j.verdict.Outcome != "": // kept
	case now != next:
		j.verdict.Outcome = Updated
	default:
		j.verdict.Outcome = Unchanged
	}
	return why
}

// wantSame rejects a row that has the id of a user and nothing else of theirs. No password shows
// nothing, because many users may have none. Neither does a day: an app may give the id of a
// deleted user to the next one on the same day.
func wantSame(now store.User, j judged) error {
	u := j.user
	switch {
	case u.EmailKey == now.EmailKey, bytes.Equal(store.Sum(u.Email), j.known.Email),
		u.PasswordHash != "" && bytes.Equal(store.Sum(u.PasswordHash), j.known.Password),
		!j.row.CreatedAt.IsZero() && u.CreatedAt.Equal(now.CreatedAt) && !isDay(u.CreatedAt):
		return nil
	}
	return reject{"another_user", "the address is new, and no password or time of registration shows that this is the same user: " +
		"it may be another one with the same id; if this is another app, give --source a name of its own; " +
		"if only the password is new, too, first import the one, then the other change"}
}

// isDay reports whether a time is only a day.
func isDay(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

// merge takes over what was changed there since the last import, unless the user has changed
// it here. What stays is said in the verdict.
func (r *run) merge(ctx context.Context, tx *store.Tx, now store.User, j *judged) (next store.User, err error) {
	u, next := j.user, now
	if r.isChanged(j, &j.known.Name, j.known.Name, now.Name, u.Name) {
		next.Name = u.Name
	}
	password := j.known.Password
	if none := store.Sum(""); now.PasswordHash == "" && bytes.Equal(j.known.PasswordHere, none) {
		password = none // it may have been removed although nothing was changed there
	}
	if r.isChanged(j, &j.known.PasswordHere, password, now.PasswordHash, u.PasswordHash) {
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
			return next, err
		} else {
			next.Email, next.EmailKey, next.EmailVerified = u.Email, u.EmailKey, u.EmailVerified || now.EmailVerified && now.EmailKey == u.EmailKey
		}
	}
	if next.EmailKey == u.EmailKey { // what was verified once stays so
		next.EmailVerified = next.EmailVerified || u.EmailVerified
	}
	if bytes.Equal(j.known.Email, store.Sum(u.Email)) { // it is the address that was brought in
		j.known.EmailHash = r.emailHash(j.row)
	}
	return next, nil
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
