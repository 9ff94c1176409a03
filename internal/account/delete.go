package account

import (
	"context"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Delete deletes a user's own account: sessions, pictures, challenges and queued messages
// go, and audit events lose their addresses. A last message says so. Error: not_logged_in.
func (s *Service) Delete(ctx context.Context, u user.User, client guard.Client) error {
	var files []string
	err := s.guards.Audit.Transact(ctx, client.Anonymous(), func(tx *store.Tx, report guard.Report) error {
		row, err := tx.UserByID(ctx, u.ID)
		if err != nil {
			return guard.IfNotFound(err, guard.ErrNotLoggedIn)
		}
		if files, err = s.pictures.Orphan(ctx, tx, row.ID); err != nil {
			return err
		}
		if err := tx.DeleteUser(ctx, row.ID); err != nil {
			return err
		}
		if err := tx.ForgetAuditAddresses(ctx, row.ID); err != nil {
			return err
		}
		report(guard.EventUserDeleted, row.ID)
		last := row
		last.ID = "" // the message is nobody's, so it stays
		return s.notify(ctx, tx, letter{user: last, to: row.Email, message: mail.Message{Kind: mail.Deleted}}, true, client, report)
	})
	if err != nil {
		return guard.PublicError(err)
	}
	s.pictures.Discard(context.WithoutCancel(ctx), files)
	return nil
}
