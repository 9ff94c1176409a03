package account

import (
	"context"

	"github.com/cardea-accounts/cardea/internal/store"
)

// Rename gives a person another name and returns the person. Errors:
// invalid_input, not_logged_in (the person was deleted meanwhile).
func (s *Service) Rename(ctx context.Context, user User, name string, from Client) (User, error) {
	name, problem := normalName(name)
	if problem != "" {
		return User{}, invalid(map[string]string{"name": problem})
	}
	err := s.act(ctx, EventRenamed, user.ID, from, func(tx *store.Tx) error { return tx.SetName(ctx, user.ID, name) })
	if err != nil {
		return User{}, outage(orElse(err, ErrNotLoggedIn))
	}
	user.Name = name
	return user, nil
}
