package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/store"
)

// registerQuietly registers where addresses are verified first. Whether the address is taken
// shows neither in the result nor in the time it takes; its mailbox is told. A decoy costs what
// the challenge of a new user costs, now and when a code is typed.
func (s *Service) registerQuietly(ctx context.Context, row store.User, pw Password, client guard.Client, attempt *guard.Attempt) (err error) {
	if row.PasswordHash, err = s.passwords.hash(ctx, pw, "password", queueFor(client, row.EmailKey, false)); err != nil {
		return err
	}
	return s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		owner, err := tx.UserByEmailKey(ctx, row.EmailKey)
		switch {
		case errors.Is(err, store.ErrNotFound):
			err := s.add(ctx, tx, row, client, report, attempt)
			if !errors.Is(err, store.ErrDuplicate) {
				return err
			}
			// The address is kept, see wantFree. If another transaction has just taken it, PostgreSQL
			// accepts no more statements. Then all of this runs again, and finds the owner.
			_, err = s.challenge(ctx, tx, store.User{}, challenge.Verify, row.Email, client, report)
			return errors.Join(err, attempt.Count(ctx, tx))
		case err != nil:
			return err
		}
		if err := attempt.Count(ctx, tx); err != nil {
			return err
		}
		if !owner.EmailVerified {
			return s.registerAgain(ctx, tx, owner, row, client, report)
		}
		return s.tellTaken(ctx, tx, owner, client, report)
	})
}

// tellTaken tells the user of an address that it was registered again, at most once a day. A decoy
// remembers that.
func (s *Service) tellTaken(ctx context.Context, tx *store.Tx, owner store.User, client guard.Client, report guard.Report) error {
	_, isTold, err := s.mail.Challenges.IsWaiting(ctx, tx, s.mail.Challenges.Nobody(owner.EmailKey), challenge.Verify, client.Browser)
	if err != nil {
		return err
	}
	wait, err := s.challenge(ctx, tx, store.User{}, challenge.Verify, owner.Email, client, report)
	if err != nil || wait > 0 || isTold {
		return err
	}
	wait, err = s.admit(ctx, tx, owner, guard.Message{RecipientKey: owner.EmailKey, SparesReset: true}, client, report)
	if err != nil || wait > 0 {
		return err
	}
	taken := mail.Message{Kind: mail.Taken, Link: client.Links + "/forgot"}
	return s.put(ctx, tx, letter{user: owner, to: owner.Email, message: taken, life: noticeLife}, client)
}

// registerAgain is a registration of an address that was registered before, and not verified
// since. Nobody has signed in to that account, so the last one to register may have it.
//
// While the first message can still be used, a registration sends no other (at most one a day).
// Then whose password should count is not known, unless all came from one browser; so none
// does, and whoever reads the mail sets one. Otherwise a stranger who registers first would
// know the password of somebody else's account.
func (s *Service) registerAgain(ctx context.Context, tx *store.Tx, owner, again store.User, client guard.Client, report guard.Report) error {
	isSame, isLive, err := s.mail.Challenges.IsWaiting(ctx, tx, owner.ID, challenge.Verify, client.Browser)
	if err != nil {
		return err
	}
	hash := again.PasswordHash
	if isLive && (!isSame || owner.PasswordHash == noPassword) {
		hash = noPassword
	}
	if err := tx.ReplacePasswordHash(ctx, owner.ID, owner.PasswordHash, hash); err != nil {
		return err
	}
	owner.PasswordHash = hash
	// Whoever has a Flask cookie registered before.
	if err := errors.Join(tx.EndFlaskCookies(ctx, owner.ID, s.now()), tx.ForgetImported(ctx, owner.ID)); err != nil {
		return err
	}
	if isLive {
		if isSame {
			client.Browser = "" // whose code still works
		}
		_, err = s.challenge(ctx, tx, store.User{}, challenge.Verify, owner.Email, client, report)
		return err
	}
	if err := tx.SetName(ctx, owner.ID, again.Name); err != nil {
		return err
	}
	owner.Name = again.Name
	_, err = s.challenge(ctx, tx, owner, challenge.Verify, owner.Email, client, report)
	return err
}

// remind sends the message that verifies an address once more, to a user who has the right
// password. The address gets at most one a day.
func (s *Service) remind(ctx context.Context, tx *store.Tx, row store.User, client guard.Client, report guard.Report) error {
	_, isLive, err := s.mail.Challenges.IsWaiting(ctx, tx, row.ID, challenge.Verify, client.Browser)
	if err != nil || isLive {
		return err
	}
	_, err = s.challenge(ctx, tx, row, challenge.Verify, row.Email, client, report)
	return err
}

// ResendVerification sends the message that verifies an address once more, to somebody who
// cannot sign in before that and so gives only the address. Whether an account waits for it
// shows neither in the result nor in the time it takes: other addresses get a decoy, as with
// [Service.Forgot]. Errors: invalid_input, if there is no address at all; not_logged_in, if
// users can sign in and ask for it.
func (s *Service) ResendVerification(ctx context.Context, typed string, client guard.Client) error {
	if !s.mail.IsRequired {
		return guard.ErrNotLoggedIn
	}
	return s.forStranger(ctx, typed, client, s.resend)
}

// resend sends at once, within the limits. The last message of the hour is for a new password.
func (s *Service) resend(ctx context.Context, tx *store.Tx, row store.User, to string, client guard.Client, report guard.Report) error {
	if row.EmailVerified {
		row = store.User{}
	}
	m := guard.Message{RecipientKey: EmailKey(to), IsAsked: true, IsDecoy: row.ID == "", SparesReset: true}
	if wait, err := s.admit(ctx, tx, row, m, client, report); err != nil || wait > 0 {
		return err
	}
	if m.IsDecoy { // another one than that of tellTaken, which remembers something
		row.ID = s.mail.Challenges.Nobody("resend\x00" + EmailKey(to))
	}
	secrets, err := s.mail.Challenges.Renew(ctx, tx, row, challenge.Verify, to)
	if err != nil {
		return err
	}
	return s.carry(ctx, tx, row, challenge.Verify, to, secrets, m.IsDecoy, client, report)
}
