package account

import (
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// errSameEmail: the user has that address, letter for letter.
var errSameEmail = guard.Invalid(map[string]string{"email": "You have this e-mail address already. Enter another."})

// sentTwice is how long the same change again counts as a form that was sent twice.
const sentTwice = time.Minute

// ChangeEmail begins a change of a user's address: link and code go to the new one, a notice
// to the old one. Nothing changes until [Service.ConfirmEmail]. If another user has the
// address, it gets no link, but the result is the same. The same change once more within a
// minute sends nothing, because the first link would no longer work. Errors: invalid_input,
// too_many_messages, not_logged_in.
func (s *Service) ChangeEmail(ctx context.Context, u user.User, typed string, client guard.Client) error {
	var problems problems
	email := problems.email(typed)
	if err := problems.err(); err != nil {
		return err
	}
	err := s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		row, err := tx.UserByID(ctx, u.ID)
		if err != nil {
			return guard.IfNotFound(err, guard.ErrNotLoggedIn)
		}
		if email == row.Email {
			return errSameEmail
		}
		pending, since, err := s.mail.Challenges.Pending(ctx, tx, row, challenge.Change)
		if err != nil || pending == email && s.now().Before(since.Add(sentTwice)) {
			return err
		}
		wait, err := s.offerEmail(ctx, tx, row, email, client, report)
		if err != nil {
			return err
		}
		if wait > 0 {
			return guard.TooMuchMail(wait)
		}
		notice := letter{user: row, to: row.Email, message: mail.Message{Kind: mail.Requested, Link: client.Links + "/forgot"}, mustGo: true}
		return s.notify(ctx, tx, notice, client, report)
	})
	return guard.PublicError(err)
}

// offerEmail writes to the new address: the challenge or, if somebody else has it, that an
// account exists. Then the challenge is one that nobody can meet, and the user cannot tell.
func (s *Service) offerEmail(ctx context.Context, tx *store.Tx, row store.User, email string, client guard.Client, report guard.Report) (time.Duration, error) {
	owner, err := tx.UserByEmailKey(ctx, EmailKey(email))
	if errors.Is(err, store.ErrNotFound) || err == nil && owner.ID == row.ID {
		return s.challenge(ctx, tx, row, challenge.Change, email, client, report)
	}
	if err != nil {
		return 0, err
	}
	m := guard.Message{RecipientKey: owner.EmailKey, IsAsked: true, SparesReset: true}
	wait, err := s.admit(ctx, tx, row, m, client, report)
	if err != nil || wait > 0 {
		return wait, err
	}
	if _, err := s.mail.Challenges.Create(ctx, tx, row, challenge.Change, email, client.Browser); err != nil {
		return 0, err
	}
	report(guard.EventChangeSent, row.ID)
	return 0, s.put(ctx, tx, letter{user: owner, to: owner.Email, message: mail.Message{Kind: mail.Taken, Link: client.Links + "/forgot"}, life: noticeLife}, client)
}

// PendingEmail is the address that a user has yet to confirm before it takes the place of the
// present one; empty if there is none. Error: not_logged_in.
func (s *Service) PendingEmail(ctx context.Context, u user.User) (string, error) {
	row, err := s.db.UserByID(ctx, u.ID)
	if err != nil {
		return "", guard.PublicError(guard.IfNotFound(err, guard.ErrNotLoggedIn))
	}
	email, _, err := s.mail.Challenges.Pending(ctx, s.db, row, challenge.Change)
	return email, guard.PublicError(err)
}

// CancelEmail ends a change of address that is not confirmed yet: its link and code no longer
// work. Without one it does nothing.
func (s *Service) CancelEmail(ctx context.Context, u user.User, client guard.Client) error {
	err := s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		row, err := tx.UserByID(ctx, u.ID)
		if err != nil {
			return guard.IfNotFound(err, guard.ErrNotLoggedIn)
		}
		email, _, err := s.mail.Challenges.Pending(ctx, tx, row, challenge.Change)
		if err != nil || email == "" {
			return err
		}
		report(guard.EventChangeCancelled, row.ID)
		return s.mail.Challenges.Drop(ctx, tx, row.ID, challenge.Change)
	})
	return guard.PublicError(err)
}

// ConfirmEmail changes the address to the one that was proved. The old address gets a
// notice with a link to undo it. Errors: invalid_token, email_taken.
func (s *Service) ConfirmEmail(ctx context.Context, p Proof, in *session.Session, client guard.Client) (u user.User, err error) {
	found, err := s.prove(ctx, challenge.Change, p, in, client)
	if err != nil {
		return user.User{}, err
	}
	var row store.User
	err = s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		if row, err = s.mail.Challenges.Use(ctx, tx, found); err != nil {
			return err
		}
		old := row
		row.Email, row.EmailKey, row.EmailVerified = found.Email, EmailKey(found.Email), true
		report(guard.EventEmailChanged, row.ID)
		if err := s.wantFree(ctx, tx, row.EmailKey, row.ID); err != nil {
			return err
		}
		if err := tx.SetEmail(ctx, row.ID, row.Email, row.EmailKey, true); err != nil {
			return err
		}
		if err := tx.EndFlaskCookies(ctx, row.ID, s.now()); err != nil { // some name who had the address before
			return err
		}
		if err := s.mail.Challenges.Drop(ctx, tx, row.ID, challenge.Verify, challenge.Reset, challenge.Login); err != nil {
			return err
		}
		if u, err = userOf(ctx, tx, row); err != nil || old.EmailKey == row.EmailKey { // another spelling
			return err
		}
		notice := letter{user: old, to: old.Email, message: mail.Message{Kind: mail.Address}, mustGo: true, undoes: true}
		return s.notify(ctx, tx, notice, client, report)
	})
	if errors.Is(err, store.ErrDuplicate) {
		return user.User{}, ErrEmailTaken
	}
	return u, guard.PublicError(err)
}
