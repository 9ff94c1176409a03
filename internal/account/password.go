package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Lengths of a password in bytes. Eight is OWASP ASVS 5.0's minimum (6.2.1); the
// upper bound keeps hashing's cost independent of the input.
const (
	minPassword = 8
	maxPassword = 1024
)

// passwordProblem says what is wrong with a new password, if anything. There are
// no rules of composition (ASVS 6.2.5): what is refused is what attackers try first.
func (s *Service) passwordProblem(pw Password, email, name string) string {
	switch {
	case pw == "":
		return "Enter a password."
	case !utf8.ValidString(string(pw)): // it could never be sent as JSON
		return "The password is not valid UTF-8."
	case len(pw) < minPassword:
		return "The password is too short: at least 8 characters."
	case len(pw) > maxPassword:
		return "The password is too long: 1,024 bytes at most."
	case password.IsCommon(string(pw)):
		return "This password is one of the commonest, which attackers try first. Choose another."
	case isOwn(pw, email, name):
		return "The password must not be your own e-mail address or name. Choose another."
	case s.isOfHere(pw):
		return "The password must not be the name of this service or its address. Choose another."
	}
	return ""
}

// hashNew hashes a new password, unless it is in the list of those found in breaches
// (ASVS 6.2.12); field is the input that is at fault then. When the list cannot be
// read, no password is accepted. It is for a turn of the hashing pool, which bounds
// how many read the list at a time.
func (s *Service) hashNew(pw Password, field string) (string, error) {
	found, err := s.opt.Breached.Has(string(pw))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errBreachedList, err)
	}
	if found {
		return "", invalid(map[string]string{field: "This password was found in a data breach, and attackers try those. Choose another."})
	}
	return password.Hash(string(pw), s.opt.Argon2), nil
}

// isOwn compares as e-mail addresses are compared: without case.
func isOwn(pw Password, email, name string) bool {
	key := emailKey(string(pw))
	mailbox, _, _ := strings.Cut(email, "@")
	return key != "" && (key == emailKey(email) || key == emailKey(name) || key == emailKey(mailbox))
}

// isOfHere tells whether a password is a word of this installation, whatever
// digits and signs surround it (ASVS 6.2.11; docs/security.md lists the words).
func (s *Service) isOfHere(pw Password) bool {
	word := strings.TrimFunc(strings.ToLower(string(pw)), func(r rune) bool { return !unicode.IsLetter(r) })
	return word != "" && slices.Contains(s.opt.Words, word)
}

// ChangePassword gives the person of a session a new password. Every other
// session of theirs ends, and their devices are known no more; this one goes on with
// what is returned. Errors:
// invalid_input, too_many_tries, wrong_password.
func (s *Service) ChangePassword(ctx context.Context, in Session, current, next Password, from Client) (SignIn, error) {
	problems := map[string]string{}
	if current == "" {
		problems["current_password"] = "Enter your current password."
	}
	note(problems, "new_password", s.passwordProblem(next, in.User.Email, in.User.Name))
	if err := invalid(problems); err != nil {
		return SignIn{}, err
	}
	user, err := s.db.UserByID(ctx, in.User.ID)
	if errors.Is(err, store.ErrNotFound) {
		return SignIn{}, ErrNotLoggedIn
	}
	if err != nil {
		return SignIn{}, outage(err)
	}
	try, err := s.admit(ctx, passwordCounters(user.ID), user.ID, from)
	if err != nil {
		return SignIn{}, outage(err)
	}
	signIn, err := s.swapPassword(ctx, user, current, next, from, try)
	switch {
	case errors.Is(err, ErrWrongPassword):
		s.recordAlone(ctx, EventPasswordFailed, user.ID, from)
	case err != nil:
		s.withdraw(ctx, try)
	}
	return signIn, outage(err)
}

func (s *Service) swapPassword(ctx context.Context, user store.User, current, next Password, from Client, try ticket) (SignIn, error) {
	hash, err := s.rehash(ctx, try, user.PasswordHash, current, next)
	if err != nil {
		return SignIn{}, err
	}
	return s.savePassword(ctx, user, hash, from, try)
}

// rehash verifies the current password and hashes the next in one turn.
func (s *Service) rehash(ctx context.Context, try ticket, hash string, current, next Password) (nextHash string, err error) {
	busy := s.hashing.Do(ctx, s.hashes(2, try.counters), func() {
		var ok bool
		ok, err = password.Verify(string(current), hash)
		switch {
		case ok:
			nextHash, err = s.hashNew(next, "new_password")
		case err == nil:
			err = ErrWrongPassword
		}
	})
	return nextHash, errors.Join(busy, err)
}

// savePassword swaps the hash and all sessions for one new session. If somebody
// else changed the password meanwhile, the current one given is no longer right;
// if the session ended meanwhile, nobody is signed in any more.
func (s *Service) savePassword(ctx context.Context, user store.User, hash string, from Client, try ticket) (SignIn, error) {
	session, token := s.newSession(user.ID, from)
	err := s.act(ctx, EventPasswordChanged, user.ID, from, func(tx *store.Tx) error {
		if _, err := tx.SessionByTokenHash(ctx, from.Session.hash().bytes()); err != nil {
			return orElse(err, ErrNotLoggedIn)
		}
		if err := tx.ReplacePasswordHash(ctx, user.ID, user.PasswordHash, hash); err != nil {
			return orElse(err, ErrWrongPassword)
		}
		if err := try.succeeded(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.DeleteSessionsOfUser(ctx, user.ID, ""); err != nil {
			return err
		}
		return tx.CreateSession(ctx, session)
	})
	user.PasswordHash = hash
	return SignIn{token, s.newDevice(user, from.Device)}, err
}

// orElse turns store.ErrNotFound into what it means here.
func orElse(err error, meaning *Error) error {
	if errors.Is(err, store.ErrNotFound) {
		return meaning
	}
	return err
}
