package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Export is what is kept about a user, except secrets.
type Export struct {
	User     user.User
	Sessions []session.Info
	Events   []guard.Entry
	Picture  *media.Open // nil: none; the caller closes it
}

// maxExported bounds the events of an export. Repeated events are one with a count, so the
// bound is hardly ever met.
const maxExported = 100_000

// Export collects what is kept about a user. Errors: too_many_exports, not_logged_in.
func (s *Service) Export(ctx context.Context, in *session.Session, client guard.Client) (e Export, err error) {
	if err := s.guards.Limits.AdmitExport(in.User.ID); err != nil {
		return Export{}, err
	}
	err = s.guards.Audit.TransactEvent(ctx, guard.EventExported, in.User.ID, client, func(tx *store.Tx) error {
		row, err := tx.UserByID(ctx, in.User.ID)
		if err != nil {
			return guard.IfNotFound(err, guard.ErrNotLoggedIn)
		}
		e.User, err = userOf(ctx, tx, row)
		return err
	})
	if err != nil {
		return Export{}, guard.PublicError(err)
	}
	if e.Sessions, err = s.sessions.List(ctx, in.User.ID, in.ID); err != nil {
		return Export{}, err
	}
	if e.Events, err = s.guards.Audit.OfUser(ctx, in.User.ID, maxExported); err != nil {
		return Export{}, err
	}
	if e.User.Picture == nil {
		return e, nil
	}
	e.Picture, err = s.pictures.Open(ctx, in.User.ID, "", 0)
	if errors.Is(err, media.ErrPictureNotFound) {
		err = nil // removed meanwhile
	}
	return e, err
}

// userOf is the user of a row, with the picture.
func userOf(ctx context.Context, tx *store.Tx, row store.User) (user.User, error) {
	picture, err := tx.PictureOfUser(ctx, row.ID)
	if errors.Is(err, store.ErrNotFound) {
		return user.From(row, nil), nil
	}
	return user.From(row, &picture), err
}
