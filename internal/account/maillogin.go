package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
)

// errInvalidCode is challenge.ErrInvalid at a sign-in.
var errInvalidCode = &guard.Error{Kind: guard.KindUnauthenticated, Code: challenge.ErrInvalid.Code, Message: challenge.ErrInvalid.Message}

// ErrNoMailLogin: this installation has no sign-in by mail.
var ErrNoMailLogin = &guard.Error{Kind: guard.KindNotFound, Code: "email_login_off", Message: "Signing in by e-mail is turned off here. Use your password."}

// HasMailLogin reports whether users can sign in by mail.
func (s *Service) HasMailLogin() bool { return s.mail.HasLogin }

// SendLogin sends a code and a link with which the user of an address can sign in from the
// browser that asked. As with [Service.Forgot], nobody learns whether there is such a user.
func (s *Service) SendLogin(ctx context.Context, email string, client guard.Client) error {
	if !s.mail.HasLogin {
		return ErrNoMailLogin
	}
	return s.sendToStranger(ctx, email, challenge.Login, client)
}

// LoginByMail signs a user in with what [Service.SendLogin] sent, in the browser that asked.
// The address counts as verified. If it did not before, its password and sessions may be
// those of somebody else who registered it, and end. Errors: invalid_token, suspended.
func (s *Service) LoginByMail(ctx context.Context, p Proof, client guard.Client) (session.SignIn, error) {
	if !s.mail.HasLogin {
		return session.SignIn{}, ErrNoMailLogin
	}
	found, err := s.prove(ctx, challenge.Login, p, nil, client)
	if err == nil && !found.IsFrom(client.Browser) {
		err = challenge.ErrInvalid
	}
	if err != nil {
		return session.SignIn{}, loginError(err)
	}
	var row store.User
	fresh := s.sessions.Prepare(found.UserID, client)
	err = s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		if row, err = s.mail.Challenges.Use(ctx, tx, found); err != nil {
			return err
		}
		if !row.SuspendedAt.IsZero() {
			return ErrSuspended
		}
		if !row.EmailVerified {
			report(guard.EventVerified, row.ID)
			if err := s.claim(ctx, tx, &row); err != nil {
				return err
			}
		}
		if err := s.noticeDevice(ctx, tx, row, client, report); err != nil {
			return err
		}
		report(guard.EventLoginByCode, row.ID)
		return s.sessions.Replace(ctx, tx, client, fresh, report)
	})
	if err != nil {
		return session.SignIn{}, loginError(guard.PublicError(err))
	}
	return session.SignIn{Session: fresh.Token, Device: s.guards.Devices.Remember(row, client.Devices)}, nil
}

// claim gives an account to the reader of its mail: what was set before is dropped.
func (s *Service) claim(ctx context.Context, tx *store.Tx, row *store.User) error {
	if err := tx.SetEmail(ctx, row.ID, row.Email, row.EmailKey, true); err != nil {
		return err
	}
	if err := s.setPassword(ctx, tx, *row, noPassword); err != nil {
		return err
	}
	row.EmailVerified, row.PasswordHash = true, noPassword
	return nil
}

func loginError(err error) error {
	if isInvalid(err) {
		return errInvalidCode
	}
	return err
}

func isInvalid(err error) bool { return errors.Is(err, challenge.ErrInvalid) }
