package account

import (
	"context"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Profile is what a user can change without more ado. What is nil stays.
type Profile struct {
	Name     *string
	Language *string // a tag that there are texts for, such as de
}

// ErrNothingToChange: neither a name nor a language was given.
var ErrNothingToChange = guard.Invalid(map[string]string{"name": "Enter a name, a language, or both."})

// Change changes a user's name, language, or both, and returns the user. Errors: invalid_input,
// too_many_changes, not_logged_in (the user was deleted meanwhile).
func (s *Service) Change(ctx context.Context, u user.User, p Profile, client guard.Client) (user.User, error) {
	if p.Name == nil && p.Language == nil {
		return user.User{}, ErrNothingToChange
	}
	var problems problems
	if p.Name != nil {
		u.Name = problems.name(*p.Name)
	}
	if p.Language != nil {
		u.Language = *p.Language
		problems.note("language", s.mail.languageProblem(u.Language))
	}
	if err := problems.err(); err != nil {
		return user.User{}, err
	}
	if err := s.guards.Limits.AdmitChange(u.ID); err != nil {
		return user.User{}, err
	}
	err := s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		if p.Name != nil {
			report(guard.EventRenamed, u.ID)
			if err := tx.SetName(ctx, u.ID, u.Name); err != nil {
				return err
			}
		}
		if p.Language == nil {
			return nil
		}
		report(guard.EventLanguageChanged, u.ID)
		return tx.SetLanguage(ctx, u.ID, u.Language)
	})
	if err != nil {
		return user.User{}, guard.PublicError(guard.IfNotFound(err, guard.ErrNotLoggedIn))
	}
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
