package account

import (
	"context"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// ErrAlreadyVerified: there is nothing to verify.
var ErrAlreadyVerified = &guard.Error{Kind: guard.KindConflict, Code: "already_verified", Message: "Your e-mail address is verified already."}

// SendVerification sends the link and the code that verify a user's address once more.
// Errors: already_verified, too_many_messages, not_logged_in.
func (s *Service) SendVerification(ctx context.Context, u user.User, client guard.Client) error {
	err := s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		row, err := tx.UserByID(ctx, u.ID)
		if err != nil {
			return guard.IfNotFound(err, guard.ErrNotLoggedIn)
		}
		if row.EmailVerified {
			return ErrAlreadyVerified
		}
		wait, err := s.challenge(ctx, tx, row, challenge.Verify, row.Email, client, report)
		if wait > 0 {
			err = guard.TooMuchMail(wait)
		}
		return err
	})
	return guard.PublicError(err)
}

// Proof is what proves that somebody reads the mail of an address: the token of the link,
// or the code in the browser that asked for it.
type Proof struct{ Token, Code string }

// Verify marks a user's address as verified. If sign-in waits for that, it also signs in the
// browser that registered; signIn is empty for others, because mail scanners open links too.
// Error: invalid_token.
func (s *Service) Verify(ctx context.Context, p Proof, in *session.Session, client guard.Client) (u user.User, signIn session.SignIn, err error) {
	found, err := s.prove(ctx, challenge.Verify, p, in, client)
	if err != nil {
		return user.User{}, session.SignIn{}, err
	}
	var row store.User
	fresh := s.sessions.Prepare(found.UserID, client)
	startsSession := s.mail.IsRequired && in == nil && found.IsFrom(client.Browser)
	err = s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		if row, err = s.mail.Challenges.Use(ctx, tx, found); err != nil {
			return err
		}
		report(guard.EventVerified, row.ID)
		if err := tx.SetEmail(ctx, row.ID, row.Email, row.EmailKey, true); err != nil {
			return err
		}
		row.EmailVerified = true
		if u, err = userOf(ctx, tx, row); err != nil {
			return err
		}
		if !startsSession || !row.SuspendedAt.IsZero() {
			startsSession = false
			return nil
		}
		report(guard.EventLogin, row.ID)
		return s.sessions.Replace(ctx, tx, client, fresh, report)
	})
	if err == nil && startsSession {
		signIn = session.SignIn{Session: fresh.Token, Device: s.guards.Devices.Remember(row, client.Devices)}
	}
	return u, signIn, guard.PublicError(err)
}

// prove finds the challenge of a token, or of a code that the signed-in user or this browser
// asked for.
func (s *Service) prove(ctx context.Context, purpose challenge.Purpose, p Proof, in *session.Session, client guard.Client) (challenge.Found, error) {
	switch {
	case p.Token != "":
		return s.mail.Challenges.ByToken(ctx, purpose, p.Token)
	case in != nil:
		return s.mail.Challenges.ByCodeOfUser(ctx, purpose, in.User.ID, p.Code)
	}
	return s.mail.Challenges.ByCodeOfBrowser(ctx, purpose, client.Browser, p.Code)
}
