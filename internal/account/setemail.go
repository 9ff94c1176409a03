package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
)

// SetEmail gives a user another e-mail address and returns the address in its normal form.
// It counts as not verified, unless it is the same address in another spelling. It is for
// operators. Errors: invalid_input, email_taken, [store.ErrNotFound].
func (s *Service) SetEmail(ctx context.Context, userID, typed string, client guard.Client) (email string, verified bool, err error) {
	var problems problems
	email = problems.email(typed)
	if err := problems.err(); err != nil {
		return "", false, err
	}
	err = s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		row, err := tx.UserByID(ctx, userID)
		if err != nil {
			return err
		}
		verified = row.EmailVerified && row.EmailKey == EmailKey(email)
		if row.Email == email {
			return nil
		}
		report(guard.EventEmailChanged, userID)
		if err := tx.EndFlaskCookies(ctx, userID, s.now()); err != nil { // some name who had the address before
			return err
		}
		return tx.SetEmail(ctx, userID, email, EmailKey(email), verified)
	})
	if errors.Is(err, store.ErrDuplicate) {
		return "", false, ErrEmailTaken
	}
	return email, verified, err
}
