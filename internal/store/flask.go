package store

import (
	"context"
	"time"
)

// HasFlaskCookie reports whether a Flask cookie with this hash was taken, or has ended.
func (r reads) HasFlaskCookie(ctx context.Context, hash []byte) (bool, error) {
	return r.exists(ctx, `SELECT 1 FROM flask_cookies WHERE hash = $1`, hash)
}

// AddFlaskCookie notes that a Flask cookie was taken, or has ended, until the note can be
// forgotten. It returns false if that was noted before.
func (tx *Tx) AddFlaskCookie(ctx context.Context, hash []byte, expires time.Time) (isNew bool, err error) {
	n, err := tx.exec(ctx, `INSERT INTO flask_cookies (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`,
		hash, micros(expires))
	return n > 0, err
}

// RestoreFlaskCookie notes that a Flask cookie is not taken again, at least until a time.
func (tx *Tx) RestoreFlaskCookie(ctx context.Context, c FlaskCookie) error {
	_, err := tx.exec(ctx, `INSERT INTO flask_cookies (hash, expires_at) VALUES ($1, $2)
		ON CONFLICT (hash) DO UPDATE SET expires_at =
			CASE WHEN flask_cookies.expires_at > excluded.expires_at THEN flask_cookies.expires_at ELSE excluded.expires_at END`, c.Hash, micros(c.ExpiresAt))
	return err
}

// EndFlaskCookies refuses Flask cookies of a user that were issued until a time.
func (tx *Tx) EndFlaskCookies(ctx context.Context, userID string, until time.Time) error {
	tx.changes(userID)
	_, err := tx.exec(ctx, `UPDATE users SET flask_from = $2 WHERE id = $1 AND (flask_from IS NULL OR flask_from < $2)`,
		userID, micros(until))
	return err
}

// DeleteExpiredFlaskCookies forgets at most limit notes that expired at or before a time, and
// returns how many.
func (tx *Tx) DeleteExpiredFlaskCookies(ctx context.Context, now time.Time, limit int) (int64, error) {
	return tx.exec(ctx, `DELETE FROM flask_cookies WHERE hash IN
		(SELECT hash FROM flask_cookies WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`, micros(now), limit)
}
