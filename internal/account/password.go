package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// ChangePassword gives the user of a session a new password. All other sessions of the
// user end, and no device is known any more. The session continues with the returned
// token. Errors: invalid_input, too_many_attempts, wrong_password, not_logged_in.
func (s *Service) ChangePassword(ctx context.Context, in *session.Session, current, next Password, client guard.Client) (session.SignIn, error) {
	var problems problems
	problems.current(current)
	problems.note("new_password", s.passwords.problem(next, in.User.Email, in.User.Name))
	if err := problems.err(); err != nil {
		return session.SignIn{}, err
	}
	row, err := s.db.UserByID(ctx, in.User.ID)
	if err != nil {
		return session.SignIn{}, guard.PublicError(guard.IfNotFound(err, guard.ErrNotLoggedIn))
	}
	attempt, err := s.guards.Limits.Admit(ctx, s.guards.Limits.ForPassword(row.ID, client), row.ID, client)
	if err != nil {
		return session.SignIn{}, err
	}
	defer attempt.End()
	signIn, err := s.replacePassword(ctx, row, current, next, client, attempt)
	if errors.Is(err, ErrWrongPassword) {
		err = s.refuse(context.WithoutCancel(ctx), guard.EventPasswordFailed, row.ID, client, attempt, err)
	}
	return signIn, guard.PublicError(err)
}

// replacePassword replaces the hash, and all sessions by a new one. If the password
// changed meanwhile, the given one is no longer right. If the session ended meanwhile,
// the user is no longer signed in.
func (s *Service) replacePassword(ctx context.Context, row store.User, current, next Password, client guard.Client, attempt *guard.Attempt) (session.SignIn, error) {
	hash, err := s.passwords.replace(ctx, row.PasswordHash, current, next, queueFor(client, row.EmailKey, true))
	if err != nil {
		return session.SignIn{}, err
	}
	ctx = context.WithoutCancel(ctx) // what was verified is recorded, whoever still listens
	fresh := s.sessions.Prepare(row.ID, client)
	err = s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		report(guard.EventPasswordChanged, row.ID)
		if err := s.sessions.ReplaceAll(ctx, tx, client.Session, fresh); err != nil {
			return err
		}
		if err := tx.ReplacePasswordHash(ctx, row.ID, row.PasswordHash, hash); err != nil {
			return guard.IfNotFound(err, ErrWrongPassword)
		}
		if err := attempt.Succeed(ctx, tx); err != nil {
			return err
		}
		return s.notifyPassword(ctx, tx, row, client, report)
	})
	row.PasswordHash = hash
	return session.SignIn{Session: fresh.Token, Device: s.guards.Devices.Remember(row, client.Devices)}, err
}

// SetPassword gives a user a new password without asking for the current one, ends all
// sessions of the user, and clears the limits on the account. It is for operators. It
// returns how many sessions ended. Errors: invalid_input, [store.ErrNotFound].
func (s *Service) SetPassword(ctx context.Context, u user.User, next Password, client guard.Client) (ended int64, err error) {
	var problems problems
	problems.note("password", s.passwords.problem(next, u.Email, u.Name))
	if err := problems.err(); err != nil {
		return 0, err
	}
	hash, err := s.passwords.hash(ctx, next, "password", queue{})
	if err != nil {
		return 0, err
	}
	err = s.guards.Audit.TransactEvent(ctx, guard.EventPasswordChanged, u.ID, client, func(tx *store.Tx) error {
		row, err := tx.UserByID(ctx, u.ID) // a login may have upgraded the hash meanwhile
		if err != nil {
			return err
		}
		if err := tx.ReplacePasswordHash(ctx, row.ID, row.PasswordHash, hash); err != nil {
			return err
		}
		if err := s.guards.Limits.Forget(ctx, tx, row); err != nil {
			return err
		}
		ended, err = tx.DeleteSessionsOfUser(ctx, row.ID, "", s.now())
		return err
	})
	return ended, err
}
