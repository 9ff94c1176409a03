package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
)

// SetEmail gives a user another e-mail address, which counts as not verified, and returns
// it in its normal form. It is for operators. Errors: invalid_input, email_taken,
// [store.ErrNotFound].
func (s *Service) SetEmail(ctx context.Context, userID, typed string, client guard.Client) (email string, err error) {
	var problems problems
	email = problems.email(typed)
	if err := problems.err(); err != nil {
		return "", err
	}
	err = s.guards.Audit.TransactEvent(ctx, guard.EventEmailChanged, userID, client, func(tx *store.Tx) error {
		return tx.SetEmail(ctx, userID, email, EmailKey(email), false)
	})
	if errors.Is(err, store.ErrDuplicate) {
		return "", ErrEmailTaken
	}
	return email, err
}
