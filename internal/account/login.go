package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/store"
)

// loginAttempts bounds how often a login starts again because the password
// changed while it was being verified.
const loginAttempts = 3

// Login signs a person in. A session that the client presents ends; with wrong
// credentials it stays. Errors: too_many_tries; invalid_credentials, for an unknown
// address and a wrong password alike, after the same work.
func (s *Service) Login(ctx context.Context, email string, pw Password, from Client) (SignIn, error) {
	for range loginAttempts {
		in, err := s.login(ctx, emailKey(email), pw, from)
		if !errors.Is(err, store.ErrNotFound) {
			return in, outage(err)
		}
	}
	return SignIn{}, outage(fmt.Errorf("%w: the password keeps changing", store.ErrUnavailable))
}

// login is one try; store.ErrNotFound means that the person or the password
// changed meanwhile.
func (s *Service) login(ctx context.Context, emailKey string, pw Password, from Client) (SignIn, error) {
	user, err := s.db.UserByEmailKey(ctx, emailKey)
	if errors.Is(err, store.ErrNotFound) {
		user, err = store.User{PasswordHash: s.decoy}, nil
	}
	if err != nil {
		return SignIn{}, err
	}
	try, err := s.admit(ctx, loginCounters(emailKey, from, s.deviceID(user, from.Device)), user.ID, from)
	if err != nil {
		return SignIn{}, err
	}
	in, err := s.signIn(ctx, user, pw, from, try)
	if err != nil && !errors.Is(err, ErrInvalidCredentials) {
		s.withdraw(ctx, try)
	}
	return in, err
}

// signIn verifies the password and, if it is right, makes the session.
func (s *Service) signIn(ctx context.Context, user store.User, pw Password, from Client, try ticket) (SignIn, error) {
	hash, err := s.verify(ctx, try, user.PasswordHash, pw)
	if err != nil {
		return SignIn{}, err
	}
	if hash == "" || user.ID == "" {
		s.recordAlone(ctx, EventLoginFailed, user.ID, from)
		return SignIn{}, ErrInvalidCredentials
	}
	session, token := s.newSession(user.ID, from)
	err = s.acts(ctx, from, func(tx *store.Tx, tell teller) error {
		// Also when the hash stays as it is: this fails if it is no longer current.
		if err := tx.ReplacePasswordHash(ctx, user.ID, user.PasswordHash, hash); err != nil {
			return err
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		tell(EventLogin, user.ID)
		return replaceSession(ctx, tx, from.Session, session, tell)
	})
	user.PasswordHash = hash
	return SignIn{token, s.newDevice(user, from.Device)}, err
}

// verify checks a password and returns the hash to keep for it: the same one, or
// a new one where the old is weaker than the settings ask for; empty if the
// password is wrong.
func (s *Service) verify(ctx context.Context, try ticket, hash string, pw Password) (keep string, err error) {
	busy := s.hashing.Do(ctx, s.hashes(1, try.counters), func() {
		var ok bool
		if ok, err = password.Verify(string(pw), hash); !ok {
			password.SpendDifference(hash, s.opt.Argon2)
			return
		}
		keep = hash
		if password.NeedsUpgrade(hash, s.opt.Argon2) {
			keep = password.Hash(string(pw), s.opt.Argon2)
		}
	})
	return keep, errors.Join(busy, err)
}
