package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
)

// ErrConfirm asks for the password.
var ErrConfirm = &guard.Error{Kind: guard.KindForbidden, Code: "confirmation_required",
	Message: "Confirm your password first, or send it as current_password. Nothing was changed."}

// RequireRecent refuses a session that is not recent. If the current password is given, which
// may be nil, that is judged instead, and makes the session recent. Errors:
// confirmation_required, and those of [Service.Confirm].
func (s *Service) RequireRecent(ctx context.Context, in *session.Session, current *Password, client guard.Client) error {
	switch {
	case current != nil:
		return s.Confirm(ctx, in, *current, client)
	case !s.sessions.IsRecent(in):
		return ErrConfirm
	}
	return nil
}

// Confirm makes a session recent if the password is the current one of its user. Errors:
// invalid_input, too_many_attempts, wrong_password, not_logged_in.
func (s *Service) Confirm(ctx context.Context, in *session.Session, current Password, client guard.Client) error {
	var problems problems
	problems.current(current)
	if err := problems.err(); err != nil {
		return err
	}
	row, err := s.db.UserByID(ctx, in.User.ID)
	if err != nil {
		return guard.PublicError(guard.IfNotFound(err, guard.ErrNotLoggedIn))
	}
	attempt, err := s.guards.Limits.Admit(ctx, s.guards.Limits.ForPassword(row.ID, client), row.ID, client)
	if err != nil {
		return err
	}
	defer attempt.End()
	err = s.confirm(ctx, row, in, current, client, attempt)
	if errors.Is(err, ErrWrongPassword) {
		err = s.refuse(context.WithoutCancel(ctx), guard.EventPasswordFailed, row.ID, client, attempt, err)
	}
	return guard.PublicError(err)
}

// confirm verifies the password and marks the session. If the password changed meanwhile,
// the given one is no longer right.
func (s *Service) confirm(ctx context.Context, row store.User, in *session.Session, current Password, client guard.Client, attempt *guard.Attempt) error {
	hash, err := s.passwords.verify(ctx, row.PasswordHash, current, queueFor(client, row.EmailKey, true))
	if err != nil {
		return err
	}
	if hash == "" {
		return ErrWrongPassword
	}
	ctx = context.WithoutCancel(ctx) // what was verified is recorded, whoever still listens
	return s.guards.Audit.TransactEvent(ctx, guard.EventConfirmed, row.ID, client, func(tx *store.Tx) error {
		if err := tx.UpgradePasswordHash(ctx, row.ID, row.PasswordHash, hash); err != nil {
			return guard.IfNotFound(err, ErrWrongPassword)
		}
		if err := s.sessions.Confirm(ctx, tx, in); err != nil {
			return err
		}
		return attempt.Succeed(ctx, tx)
	})
}
