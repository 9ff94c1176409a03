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
	name, err := checkName(name)
	if err != nil {
		return user.User{}, err
	}
	if err := s.guards.Limits.AdmitChange(u.ID); err != nil {
		return user.User{}, err
	}
	if err := s.storeName(ctx, u.ID, name, client); err != nil {
		return user.User{}, guard.PublicError(guard.IfNotFound(err, guard.ErrNotLoggedIn))
	}
	u.Name = name
	return u, nil
}

// SetName gives a user another name for an operator, and returns it in its normal form.
// Errors: invalid_input, [store.ErrNotFound].
func (s *Service) SetName(ctx context.Context, userID, typed string, client guard.Client) (name string, err error) {
	if name, err = checkName(typed); err != nil {
		return "", err
	}
	return name, s.storeName(ctx, userID, name, client)
}

func checkName(typed string) (string, error) {
	var problems problems
	name := problems.name(typed)
	return name, problems.err()
}

func (s *Service) storeName(ctx context.Context, userID, name string, client guard.Client) error {
	return s.guards.Audit.TransactEvent(ctx, guard.EventRenamed, userID, client, func(tx *store.Tx) error {
		return tx.SetName(ctx, userID, name)
	})
}
