package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/store"
)

// Registration is what a person gives to register.
type Registration struct {
	Name     string
	Email    string
	Password Password
}

// Register makes an account and signs the person in. A session presented by the
// client ends. Errors: invalid_input, too_many_tries, email_taken.
//
// However many registrations of one address race, in whatever spelling, one
// succeeds: the database holds the compared form unique.
func (s *Service) Register(ctx context.Context, r Registration, from Client) (User, SignIn, error) {
	name, email, err := s.check(r)
	if err != nil {
		return User{}, SignIn{}, err
	}
	try, err := s.admit(ctx, registrationCounters(from), "", from)
	if err != nil {
		return User{}, SignIn{}, outage(err)
	}
	user := store.User{ID: newID(), Name: name, Email: email, EmailKey: emailKey(email), CreatedAt: s.opt.Now()}
	in, err := s.create(ctx, &user, r.Password, from)
	if err != nil && !errors.Is(err, ErrEmailTaken) {
		s.withdraw(ctx, try)
	}
	if err != nil {
		return User{}, SignIn{}, outage(err)
	}
	return userOf(user, nil), in, nil
}

// create stores the account and signs in to it.
func (s *Service) create(ctx context.Context, user *store.User, pw Password, from Client) (in SignIn, err error) {
	if user.PasswordHash, err = s.hashForNew(ctx, user.EmailKey, pw, loginCounters(user.EmailKey, from, "")); err != nil {
		return SignIn{}, err
	}
	session, token := s.newSession(user.ID, from)
	err = s.acts(ctx, from, func(tx *store.Tx, tell teller) error {
		if err := tx.CreateUser(ctx, *user); err != nil {
			return err
		}
		tell(EventRegistered, user.ID)
		return replaceSession(ctx, tx, from.Session, session, tell)
	})
	if errors.Is(err, store.ErrDuplicate) {
		return SignIn{}, ErrEmailTaken
	}
	return SignIn{token, s.newDevice(*user, from.Device)}, err
}

func (s *Service) check(r Registration) (name, email string, err error) {
	problems := map[string]string{}
	name, problem := normalName(r.Name)
	note(problems, "name", problem)
	email, problem = normalEmail(r.Email)
	note(problems, "email", problem)
	note(problems, "password", s.passwordProblem(r.Password, email, name))
	return name, email, invalid(problems)
}

func note(problems map[string]string, field, problem string) {
	if problem != "" {
		problems[field] = problem
	}
}

// hashForNew hashes the password of a new account, unless the address is taken.
// That is not looked up by the worker: it has a low priority, and would hold locks
// of the database for long.
func (s *Service) hashForNew(ctx context.Context, emailKey string, pw Password, from []counter) (hash string, err error) {
	switch _, err := s.db.UserByEmailKey(ctx, emailKey); {
	case err == nil:
		return "", ErrEmailTaken
	case !errors.Is(err, store.ErrNotFound):
		return "", err
	}
	busy := s.hashing.Do(ctx, s.hashes(1, from), func() { hash, err = s.hashNew(pw, "password") })
	return hash, errors.Join(busy, err)
}
