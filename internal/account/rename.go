package account

import (
	"context"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Rename gives a user another name and returns the user. Errors: invalid_input,
// too_many_changes, not_logged_in (the user was deleted meanwhile).
func (s *Service) Rename(ctx context.Context, u user.User, name string, client guard.Client) (user.User, error) {
	if err := s.guards.Limits.AdmitChange(ctx, u.ID); err != nil {
		return user.User{}, err
	}
	name, err := s.SetName(ctx, u.ID, name, client)
	if err != nil {
		return user.User{}, guard.PublicError(guard.IfNotFound(err, guard.ErrNotLoggedIn))
	}
	u.Name = name
	return u, nil
}

// SetName stores a name by the rules and returns it in its normal form. It is not
// limited. Errors: invalid_input, [store.ErrNotFound].
func (s *Service) SetName(ctx context.Context, userID, typed string, client guard.Client) (name string, err error) {
	var problems problems
	name = problems.name(typed)
	if err := problems.err(); err != nil {
		return "", err
	}
	return name, s.guards.Audit.TransactEvent(ctx, guard.EventRenamed, userID, client, func(tx *store.Tx) error {
		return tx.SetName(ctx, userID, name)
	})
}
