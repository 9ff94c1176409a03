package account

import (
	"context"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Delete deletes a user's own account: sessions, pictures, challenges and queued messages
// go, and audit events lose their addresses. A last message says so, also to addresses that
// could still undo a change. Error: not_logged_in.
func (s *Service) Delete(ctx context.Context, u user.User, client guard.Client) error {
	var files []string
	err := s.guards.Audit.Transact(ctx, client.Anonymous(), func(tx *store.Tx, report guard.Report) error {
		row, err := tx.UserByID(ctx, u.ID)
		if err != nil {
			return guard.IfNotFound(err, guard.ErrNotLoggedIn)
		}
		addresses, err := s.notifiable(ctx, tx, row)
		if err != nil {
			return err
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
		for _, to := range addresses {
			notice := letter{user: row, to: to, message: mail.Message{Kind: mail.Deleted}, mustGo: true}
			if err := s.notify(ctx, tx, notice, client, report); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return guard.PublicError(err)
	}
	s.pictures.Discard(context.WithoutCancel(ctx), files)
	return nil
}

// notifiable are the address of a user, and those that it had before as long as the change can
// be undone: a thief may have changed it.
func (s *Service) notifiable(ctx context.Context, tx *store.Tx, row store.User) ([]string, error) {
	all, err := tx.AddressesToUndo(ctx, row.ID, s.now())
	if err != nil {
		return nil, err
	}
	list := []string{row.Email}
	for _, address := range all {
		if EmailKey(address) != row.EmailKey {
			list = append(list, address)
		}
	}
	return list, nil
}
