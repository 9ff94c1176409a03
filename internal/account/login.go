package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
)

// loginAttempts bounds how often a login starts again because the password changed
// while it was being verified.
const loginAttempts = 3

// Login signs a user in. A session that the client presents ends; with wrong credentials
// it stays. Errors: too_many_attempts; invalid_credentials, for an unknown address and a
// wrong password alike, after the same work, and without any for no password; suspended and
// email_not_verified, only after the right password.
func (s *Service) Login(ctx context.Context, email string, pw Password, client guard.Client) (session.SignIn, error) {
	if pw == "" { // it is nobody's, so it costs no hash and no attempt
		return session.SignIn{}, ErrInvalidCredentials
	}
	for range loginAttempts {
		signIn, err := s.login(ctx, loginKey(email), pw, client)
		if !errors.Is(err, store.ErrNotFound) {
			return signIn, guard.PublicError(err)
		}
	}
	return session.SignIn{}, guard.PublicError(fmt.Errorf("%w: the password keeps changing", store.ErrUnavailable))
}

// login makes one attempt. [store.ErrNotFound] means that the user or the password changed
// meanwhile.
func (s *Service) login(ctx context.Context, emailKey string, pw Password, client guard.Client) (session.SignIn, error) {
	row, err := s.db.UserByEmailKey(ctx, emailKey)
	if errors.Is(err, store.ErrNotFound) {
		row, err = store.User{PasswordHash: noPassword}, nil
	}
	if err != nil {
		return session.SignIn{}, err
	}
	device := s.guards.Devices.ID(row, client.Devices)
	counters := s.guards.Limits.ForLogin(emailKey, client, device)
	attempt, err := s.guards.Limits.Admit(ctx, counters, row.ID, client)
	if err != nil {
		return session.SignIn{}, err
	}
	defer attempt.End()
	hash, err := s.passwords.verify(ctx, row.PasswordHash, pw, queueFor(client, emailKey, device != ""))
	if err != nil {
		return session.SignIn{}, err
	}
	// What was verified is recorded, also if the client has left. Nobody can test
	// passwords without a trace.
	ctx = context.WithoutCancel(ctx)
	if hash == "" {
		return session.SignIn{}, s.refuse(ctx, guard.EventLoginFailed, row.ID, client, attempt, ErrInvalidCredentials)
	}
	return s.signIn(ctx, row, hash, client, attempt)
}

// refuse records an attempt that failed, and returns the refusal. If the attempt cannot
// be recorded, the answer must not tell whether the password was right.
func (s *Service) refuse(ctx context.Context, event guard.Event, userID string, client guard.Client, attempt *guard.Attempt, refusal error) error {
	err := s.guards.Audit.TransactEvent(ctx, event, userID, client, func(tx *store.Tx) error { return attempt.Count(ctx, tx) })
	if err != nil {
		return err
	}
	return refusal
}

// signIn makes the session after the right password. hash is the one to keep.
func (s *Service) signIn(ctx context.Context, row store.User, hash string, client guard.Client, attempt *guard.Attempt) (session.SignIn, error) {
	fresh := s.sessions.Prepare(row.ID, client)
	unverified := false
	err := s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		// Even if the hash stays the same, this checks that the password was not changed meanwhile.
		if err := tx.UpgradePasswordHash(ctx, row.ID, row.PasswordHash, hash); err != nil {
			return err
		}
		now, err := tx.UserByID(ctx, row.ID)
		if err == nil && !now.SuspendedAt.IsZero() {
			err = ErrSuspended
		}
		if err != nil {
			return err
		}
		if err := attempt.Succeed(ctx, tx); err != nil {
			return err
		}
		if s.mail.IsRequired && !now.EmailVerified {
			unverified = true
			return s.remind(ctx, tx, now, client, report)
		}
		if err := s.noticeDevice(ctx, tx, row, client, report); err != nil {
			return err
		}
		report(guard.EventLogin, row.ID)
		return s.sessions.Replace(ctx, tx, client, fresh, report)
	})
	if errors.Is(err, ErrSuspended) {
		s.guards.Audit.Record(ctx, guard.EventLoginSuspended, row.ID, client)
	}
	if err == nil && unverified {
		return session.SignIn{}, ErrUnverified
	}
	row.PasswordHash = hash
	return session.SignIn{Session: fresh.Token, Device: s.guards.Devices.Remember(row, client.Devices)}, err
}
