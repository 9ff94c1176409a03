package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/store"
)

// ErrNoEmail: no address was given.
var ErrNoEmail = guard.Invalid(map[string]string{"email": "Enter an e-mail address."})

// Forgot sends a link and a code, with which the user of an address can set a new password.
// Whether there is such a user shows neither in the result nor in the time it takes: an
// unknown address costs the same, see [Service.challenge]. Error: invalid_input, if there
// is no address at all.
func (s *Service) Forgot(ctx context.Context, email string, client guard.Client) error {
	return s.sendToStranger(ctx, email, challenge.Reset, client)
}

// sendToStranger starts what an address is enough for. Over the limits it does nothing.
func (s *Service) sendToStranger(ctx context.Context, typed string, purpose challenge.Purpose, client guard.Client) error {
	return s.forStranger(ctx, typed, client, func(ctx context.Context, tx *store.Tx, row store.User, to string, client guard.Client, report guard.Report) error {
		_, err := s.challenge(ctx, tx, row, purpose, to, client, report)
		return err
	})
}

// forStranger does something for the user of an address, whom a stranger names. If there is no
// such user, or none who gets mail, the row is empty, and the address is the typed one.
func (s *Service) forStranger(ctx context.Context, typed string, client guard.Client,
	do func(ctx context.Context, tx *store.Tx, row store.User, to string, client guard.Client, report guard.Report) error,
) error {
	if typed == "" {
		return ErrNoEmail
	}
	email, problem := normalEmail(typed)
	if problem != "" {
		return nil // nobody has it
	}
	err := s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		row, err := tx.UserByEmailKey(ctx, EmailKey(email))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		to := email
		if row.ID != "" {
			to = row.Email
		}
		if !row.SuspendedAt.IsZero() { // gets no mail
			row = store.User{}
		}
		return do(ctx, tx, row, to, client, report)
	})
	return guard.PublicError(err)
}

// Reset is what a user gives to set a new password: the token of the link, or the code
// together with the address.
type Reset struct {
	Token, Email, Code string
	Password           Password
}

// ResetPassword sets a new password with what [Service.Forgot] sent. All sessions of the
// user end, and the address counts as verified, because whoever can do this reads its mail.
// It does not sign in. Errors: invalid_token, invalid_input, too_many_attempts.
func (s *Service) ResetPassword(ctx context.Context, r Reset, client guard.Client) error {
	var problems problems
	if r.Token == "" { // a password that cannot be used costs no attempt at the code
		problems.note("new_password", s.passwords.problem(r.Password, r.Email, ""))
		if err := problems.err(); err != nil {
			return err
		}
	}
	found, row, err := s.findReset(ctx, r, client)
	if err != nil {
		return err
	}
	problems.note("new_password", s.passwords.problem(r.Password, row.Email, row.Name))
	if err := problems.err(); err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, r.Password, "new_password", queueFor(client, row.EmailKey, false))
	if err != nil {
		return guard.PublicError(err)
	}
	err = s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		row, err := s.mail.Challenges.Use(ctx, tx, found)
		if err != nil {
			return err
		}
		report(guard.EventReset, row.ID)
		if err := s.setPassword(ctx, tx, row, hash); err != nil {
			return err
		}
		if !row.EmailVerified {
			report(guard.EventVerified, row.ID)
			if err := tx.SetEmail(ctx, row.ID, row.Email, row.EmailKey, true); err != nil {
				return err
			}
			row.EmailVerified = true
		}
		return s.notifyPassword(ctx, tx, row, client, report)
	})
	return guard.PublicError(err)
}

// findReset finds the challenge and its user.
func (s *Service) findReset(ctx context.Context, r Reset, client guard.Client) (found challenge.Found, row store.User, err error) {
	if r.Token != "" {
		found, err = s.mail.Challenges.ByToken(ctx, challenge.Reset, r.Token)
	} else {
		found, err = s.resetByCode(ctx, r, client)
	}
	if err != nil {
		return found, row, err
	}
	row, err = s.db.UserByID(ctx, found.UserID)
	return found, row, guard.PublicError(guard.IfNotFound(err, challenge.ErrInvalid))
}

func (s *Service) resetByCode(ctx context.Context, r Reset, client guard.Client) (challenge.Found, error) {
	email, problem := normalEmail(r.Email)
	if problem != "" {
		return challenge.Found{}, challenge.ErrInvalid
	}
	row, err := s.db.UserByEmailKey(ctx, EmailKey(email))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return challenge.Found{}, guard.PublicError(err)
	}
	if row.ID == "" || !row.SuspendedAt.IsZero() { // as in sendToStranger
		row.ID = s.mail.Challenges.Nobody(EmailKey(email))
	}
	return s.mail.Challenges.ByCodeOfUser(ctx, challenge.Reset, row.ID, r.Code)
}

// setPassword stores the hash of a new password that was not confirmed by the old one, ends
// all sessions and challenges of the user, and clears the limits on the account.
func (s *Service) setPassword(ctx context.Context, tx *store.Tx, row store.User, hash string) error {
	if err := tx.ReplacePasswordHash(ctx, row.ID, row.PasswordHash, hash); err != nil {
		return err
	}
	if _, err := tx.DeleteSessionsOfUser(ctx, row.ID, "", s.now()); err != nil {
		return err
	}
	if err := s.mail.Challenges.Drop(ctx, tx, row.ID, challenge.Reset, challenge.Login, challenge.Change); err != nil {
		return err
	}
	return s.guards.Limits.Forget(ctx, tx, row)
}

// notifyPassword tells a user that the password was changed, with a link to undo it.
func (s *Service) notifyPassword(ctx context.Context, tx *store.Tx, row store.User, client guard.Client, report guard.Report) error {
	notice := letter{user: row, to: row.Email, message: mail.Message{Kind: mail.Password}, mustGo: true, undoes: true}
	return s.notify(ctx, tx, notice, client, report)
}
