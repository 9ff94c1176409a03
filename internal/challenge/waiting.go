package challenge

import (
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// IsKept reports whether an address is kept for another user, who had it and can undo that it was
// changed. Otherwise a thief could register it, and so prevent the undo.
func (s *Service) IsKept(ctx context.Context, tx *store.Tx, emailKey, userID string) (bool, error) {
	owner, err := tx.UserToUndo(ctx, emailKey, s.now())
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && owner != userID, err
}

// IsWaiting reports whether a user has a challenge for a purpose that can still be used, and
// whether a browser asked for it.
func (s *Service) IsWaiting(ctx context.Context, tx *store.Tx, userID string, purpose Purpose, browser Browser) (isSame, isLive bool, err error) {
	row, err := tx.ChallengeOfUser(ctx, userID, string(purpose))
	if errors.Is(err, store.ErrNotFound) {
		return false, false, nil
	}
	return Found{row: row}.IsFrom(browser), err == nil && s.now().Before(row.ExpiresAt), err
}

// reader is a [*store.DB] or a [*store.Tx].
type reader interface {
	ChallengeOfUser(ctx context.Context, userID, purpose string) (store.Challenge, error)
}

// Pending returns the address that a user has yet to confirm, and since when; empty if there is
// none, or if the user's password or address changed since.
func (s *Service) Pending(ctx context.Context, from reader, user store.User, purpose Purpose) (email string, since time.Time, err error) {
	row, err := from.ChallengeOfUser(ctx, user.ID, string(purpose))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", time.Time{}, nil
	case err != nil:
		return "", time.Time{}, err
	case !s.now().Before(row.ExpiresAt) || !isFor(user, row):
		return "", time.Time{}, nil
	}
	return row.Email, row.CreatedAt, nil
}
