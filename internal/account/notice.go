package account

import (
	"context"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/store"
)

// noticeDevice tells a user about a sign-in from a device that was never seen before.
// Without throttling no device is known, so nobody is told.
func (s *Service) noticeDevice(ctx context.Context, tx *store.Tx, row store.User, client guard.Client, report guard.Report) error {
	if !s.guards.Devices.IsOn() || s.guards.Devices.ID(row, client.Devices) != "" {
		return nil
	}
	notice := letter{user: row, to: row.Email, message: mail.Message{Kind: mail.Device, Link: client.Links + "/forgot"}}
	return s.notify(ctx, tx, notice, client, report)
}
