package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Undo is for a user who did not make a change of which a notice told: the address from
// before the change is back, every session ends, the password no longer works, and a reset
// link goes to the address. Errors: invalid_token; email_taken, if somebody else has
// registered the address since.
func (s *Service) Undo(ctx context.Context, token string, client guard.Client) error {
	found, err := s.mail.Challenges.ByToken(ctx, challenge.Undo, token)
	if err != nil {
		return err
	}
	err = s.guards.Audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		row, err := s.mail.Challenges.Use(ctx, tx, found)
		if err != nil {
			return err
		}
		report(guard.EventUndone, row.ID)
		back := row
		back.Email, back.EmailKey, back.EmailVerified = found.Email, EmailKey(found.Email), true // its mail was read
		if err := tx.SetEmail(ctx, row.ID, back.Email, back.EmailKey, back.EmailVerified); err != nil {
			return err
		}
		if err := s.setPassword(ctx, tx, row, noPassword); err != nil {
			return err
		}
		back.PasswordHash = noPassword
		if err := s.mail.Challenges.DropSince(ctx, tx, found); err != nil {
			return err
		}
		return s.sendReset(ctx, tx, back, client, report)
	})
	if errors.Is(err, store.ErrDuplicate) {
		return ErrEmailTaken
	}
	return guard.PublicError(err)
}

// sendReset sends a reset link whatever the limits are, because the user cannot sign in
// without it. The link of the undo, which is used only once, bounds how often.
func (s *Service) sendReset(ctx context.Context, tx *store.Tx, row store.User, client guard.Client, report guard.Report) error {
	if _, err := s.guards.Limits.AdmitMail(ctx, tx, guard.Message{RecipientKey: row.EmailKey}, client); err != nil { // it counts
		return err
	}
	secrets, err := s.mail.Challenges.Create(ctx, tx, row, challenge.Reset, row.Email, client.Browser)
	if err != nil {
		return err
	}
	l := letter{user: row, to: row.Email, life: challenge.Reset.Lifetime()}
	l.message = mail.Message{Kind: mail.Undone, Link: link(client, challenge.Reset, secrets), Code: secrets.Code, Lifetime: l.life}
	return s.put(ctx, tx, l, client)
}
