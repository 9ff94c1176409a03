package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Registration is what a user gives to register.
type Registration struct {
	Name     string
	Email    string
	Password Password
}

// Register makes an account, signs the user in, and sends a message that verifies the address.
// A session that the client presents ends. Errors: registration_closed, invalid_input,
// storage_full, too_many_attempts, email_taken.
//
// If several registrations of one address race, in any spelling, exactly one succeeds,
// because the compared form is unique in the database.
//
// If addresses must be verified first, signIn is empty, and nobody learns whether the address
// is taken: see [Service.registerQuietly].
func (s *Service) Register(ctx context.Context, r Registration, client guard.Client) (user.User, session.SignIn, error) {
	if s.isClosed {
		return user.User{}, session.SignIn{}, ErrClosed
	}
	name, email, err := s.check(r)
	if err != nil {
		return user.User{}, session.SignIn{}, err
	}
	if err := s.guards.Space.Admit(); err != nil {
		return user.User{}, session.SignIn{}, err
	}
	attempt, err := s.guards.Limits.Admit(ctx, s.guards.Limits.ForRegistration(client), "", client)
	if err != nil {
		return user.User{}, session.SignIn{}, err
	}
	defer attempt.End()
	row := s.newUser(name, email)
	row.Language = client.Language
	if s.mail.IsRequired {
		return user.User{}, session.SignIn{}, guard.PublicError(s.registerQuietly(ctx, row, r.Password, client, attempt))
	}
	signIn, err := s.create(ctx, &row, r.Password, client, attempt)
	if errors.Is(err, ErrEmailTaken) { // the answer reveals that, so it counts
		count := func(tx *store.Tx, _ guard.Report) error { return attempt.Count(ctx, tx) }
		if failed := s.guards.Audit.Transact(ctx, client, count); failed != nil {
			err = failed
		}
	}
	if err != nil {
		return user.User{}, session.SignIn{}, guard.PublicError(err)
	}
	return user.From(row, nil), signIn, nil
}

// IsClosed reports whether only operators can add users.
func (s *Service) IsClosed() bool { return s.isClosed }

func (s *Service) newUser(name, email string) store.User {
	now := store.Stored(s.now())
	return store.User{ID: token.ID(), Name: name, Email: email, EmailKey: EmailKey(email), CreatedAt: now}
}

// create stores the account and signs in to it.
func (s *Service) create(ctx context.Context, row *store.User, pw Password, client guard.Client, attempt *guard.Attempt) (signIn session.SignIn, err error) {
	if row.PasswordHash, err = s.hashForNew(ctx, row.EmailKey, pw, queueFor(client, row.EmailKey, false)); err != nil {
		return session.SignIn{}, err
	}
	fresh := s.sessions.Prepare(row.ID, client)
	err = s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		if err := s.add(ctx, tx, *row, client, report, attempt); err != nil {
			return err
		}
		return s.sessions.Replace(ctx, tx, client, fresh, report)
	})
	if errors.Is(err, store.ErrDuplicate) {
		return session.SignIn{}, ErrEmailTaken
	}
	return session.SignIn{Session: fresh.Token, Device: s.guards.Devices.Remember(*row, client.Devices)}, err
}

// add stores the account and writes the message that verifies its address.
func (s *Service) add(ctx context.Context, tx *store.Tx, row store.User, client guard.Client, report guard.Report, attempt *guard.Attempt) error {
	if err := s.wantFree(ctx, tx, row.EmailKey, row.ID); err != nil {
		return err
	}
	if err := tx.CreateUser(ctx, row); err != nil {
		return err
	}
	if err := attempt.Count(ctx, tx); err != nil {
		return err
	}
	report(guard.EventRegistered, row.ID)
	_, err := s.challenge(ctx, tx, row, challenge.Verify, row.Email, client, report)
	return err
}

// wantFree fails with [store.ErrDuplicate] if an address is kept for another user.
func (s *Service) wantFree(ctx context.Context, tx *store.Tx, emailKey, userID string) error {
	isKept, err := s.mail.Challenges.IsKept(ctx, tx, emailKey, userID)
	if isKept {
		return store.ErrDuplicate
	}
	return err
}

// Add makes an account by the rules of a registration, without signing in, for an
// operator. Errors: invalid_input, email_taken.
func (s *Service) Add(ctx context.Context, r Registration) (user.User, error) {
	name, email, err := s.check(r)
	if err != nil {
		return user.User{}, err
	}
	row := s.newUser(name, email)
	if row.PasswordHash, err = s.hashForNew(ctx, row.EmailKey, r.Password, queue{}); err != nil {
		return user.User{}, guard.PublicError(err)
	}
	err = s.guards.Audit.TransactEvent(ctx, guard.EventRegistered, row.ID, guard.Client{}, func(tx *store.Tx) error {
		return tx.CreateUser(ctx, row)
	})
	if errors.Is(err, store.ErrDuplicate) {
		return user.User{}, ErrEmailTaken
	}
	return user.From(row, nil), guard.PublicError(err)
}

func (s *Service) check(r Registration) (name, email string, err error) {
	var problems problems
	name = problems.name(r.Name)
	email = problems.email(r.Email)
	problems.note("password", s.passwords.problem(r.Password, email, name))
	return name, email, problems.err()
}

// hashForNew hashes the password of a new account unless the address is taken. The
// look-up is not done by the worker: its low-priority thread would hold database locks
// for long.
func (s *Service) hashForNew(ctx context.Context, emailKey string, pw Password, queue queue) (hash string, err error) {
	switch _, err := s.db.UserByEmailKey(ctx, emailKey); {
	case err == nil:
		return "", ErrEmailTaken
	case !errors.Is(err, store.ErrNotFound):
		return "", err
	}
	return s.passwords.hash(ctx, pw, "password", queue)
}
