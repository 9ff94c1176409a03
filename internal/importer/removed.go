package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/store"
)

// isGivenUp reports whether the password of a user here is one that was given up there: it came
// from there, and is another one or none there by now. Whoever has changed password or address
// here keeps it.
func isGivenUp(j *judged, now store.User) bool {
	return now.PasswordHash != "" && bytes.Equal(store.Sum(now.PasswordHash), j.known.PasswordHere) &&
		!bytes.Equal(store.Sum(j.user.PasswordHash), j.known.Password) && bytes.Equal(store.Sum(now.Email), j.known.Email)
}

// removeLater notes that a password is to be removed once all rows are known: of another app, or
// of a wrong column, nearly all would be. Beyond the limit they are only counted.
func (r *run) removeLater(known store.Import) {
	if int64(len(r.givenUp)) <= r.mostLost() {
		r.givenUp = append(r.givenUp, known.Key)
	}
	r.givenUpCount++
}

// removePasswords removes the passwords that were given up there, unless they are too many.
// Error: [ErrLossLimit].
func (r *run) removePasswords(ctx context.Context) error {
	if r.givenUpCount > r.mostLost() {
		return fmt.Errorf("no password was removed, because this may be another app or a wrong column: "+
			"%d of %d users would lose theirs, %w of %d %%; if they should, add --loss-limit %d",
			r.givenUpCount, r.before, ErrLossLimit, r.opt.LossLimit, r.neededLimit(r.givenUpCount))
	}
	for keys := r.givenUp; len(keys) > 0; {
		batch := keys[:min(batchSize, len(keys))]
		keys = keys[len(batch):]
		err := r.txReporting(ctx, func(tx *store.Tx) (verdicts []Verdict, err error) {
			for _, key := range batch {
				u, err := r.removePassword(ctx, tx, key)
				if errors.Is(err, store.ErrNotFound) {
					continue // deleted meanwhile
				}
				if err != nil {
					return nil, err
				}
				verdicts = append(verdicts, Verdict{
					ID: u.ID, Email: u.Email, Outcome: PasswordRemoved,
					Message: "the password that came from there is another one or none there by now, so the user has none here, and has to reset it",
				})
			}
			return verdicts, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removePassword removes the password of a user, and ends the sessions. An import of the same
// password from there brings it back.
func (r *run) removePassword(ctx context.Context, tx *store.Tx, key []byte) (store.User, error) {
	known, err := tx.ImportByKey(ctx, key)
	if err != nil {
		return store.User{}, err
	}
	now, err := tx.UserByID(ctx, known.UserID)
	if err != nil {
		return store.User{}, err
	}
	if !bytes.Equal(store.Sum(now.PasswordHash), known.PasswordHere) {
		return now, store.ErrNotFound // the user has chosen another one meanwhile
	}
	next := now
	next.PasswordHash, known.PasswordHere = "", store.Sum("")
	return now, errors.Join(r.change(ctx, tx, now, next), tx.SetImport(ctx, known))
}
