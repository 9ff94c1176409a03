package account

import (
	"context"

	"github.com/cardea-accounts/cardea/internal/store"
)

// Rename gives a person another name and returns the person. Errors:
// invalid_input, too_many_changes, not_logged_in (the person was deleted meanwhile).
func (s *Service) Rename(ctx context.Context, user User, name string, from Client) (User, error) {
	name, problem := normalName(name)
	if problem != "" {
		return User{}, invalid(map[string]string{"name": problem})
	}
	if err := s.admitChange(ctx, user.ID); err != nil {
		return User{}, err
	}
	err := s.act(ctx, EventRenamed, user.ID, from, func(tx *store.Tx) error { return tx.SetName(ctx, user.ID, name) })
	if err != nil {
		return User{}, outage(orElse(err, ErrNotLoggedIn))
	}
	user.Name = name
	return user, nil
}
