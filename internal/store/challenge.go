package store

import (
	"context"
	"time"
)

// Challenge is a row of challenges: something that waits to be confirmed by mail.
type Challenge struct {
	ID          string
	Purpose     string
	UserID      string
	Email       string // what is confirmed, as typed
	EmailKey    string // to undo a change: the address in the form that is compared; else empty
	TokenHash   []byte // SHA-256; unique
	CodeMAC     []byte // empty: there is no code
	BrowserHash []byte // SHA-256; empty: no browser
	State       []byte // of the user; empty: any
	Attempts    int    // at the code
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

const challengeColumns = `id, purpose, user_id, email, email_key, token_hash, code_mac, browser_hash, state, attempts, created_at, expires_at`

func (c *Challenge) fields() []any {
	return []any{
		&c.ID, &c.Purpose, &c.UserID, &c.Email, &c.EmailKey, &c.TokenHash, &c.CodeMAC, &c.BrowserHash, &c.State,
		&c.Attempts, instant{&c.CreatedAt}, instant{&c.ExpiresAt},
	}
}

// ChallengeByToken finds the challenge with that token, or [ErrNotFound]. It also finds
// expired ones, as the two methods below do.
func (r reads) ChallengeByToken(ctx context.Context, tokenHash []byte) (c Challenge, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT `+challengeColumns+` FROM challenges WHERE token_hash = $1`, tokenHash).Scan(c.fields()...)
	return c, r.classify(err)
}

// ChallengeOfUser finds the latest challenge of a user for a purpose, or [ErrNotFound].
func (r reads) ChallengeOfUser(ctx context.Context, userID, purpose string) (c Challenge, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT `+challengeColumns+` FROM challenges WHERE user_id = $1 AND purpose = $2
		ORDER BY created_at DESC LIMIT 1`, userID, purpose).Scan(c.fields()...)
	return c, r.classify(err)
}

// ChallengeOfBrowser finds the latest challenge that a browser asked for, or [ErrNotFound].
func (r reads) ChallengeOfBrowser(ctx context.Context, browserHash []byte, purpose string) (c Challenge, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT `+challengeColumns+` FROM challenges WHERE browser_hash = $1 AND purpose = $2
		ORDER BY created_at DESC LIMIT 1`, browserHash, purpose).Scan(c.fields()...)
	return c, r.classify(err)
}

// UserToUndo returns the id of a user who had an address and can undo that it was changed, or
// [ErrNotFound].
func (r reads) UserToUndo(ctx context.Context, emailKey string, now time.Time) (id string, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT user_id FROM challenges WHERE email_key = $1 AND email_key <> '' AND expires_at > $2 LIMIT 1`,
		emailKey, micros(now)).Scan(&id)
	return id, r.classify(err)
}

// AddressesToUndo lists the addresses, at most ten, to which the account of a user can go back.
func (r reads) AddressesToUndo(ctx context.Context, userID string, now time.Time) ([]string, error) {
	return readAll(ctx, r, column[string], `SELECT DISTINCT email FROM challenges
		WHERE user_id = $1 AND purpose = 'undo' AND expires_at > $2 LIMIT 10`, userID, micros(now))
}

// CreateChallenge adds a challenge. Its user need not exist.
func (tx *Tx) CreateChallenge(ctx context.Context, c Challenge) error {
	_, err := tx.exec(ctx, `INSERT INTO challenges (`+challengeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		c.ID, c.Purpose, c.UserID, c.Email, c.EmailKey, c.TokenHash, c.CodeMAC, c.BrowserHash, c.State, c.Attempts, micros(c.CreatedAt), micros(c.ExpiresAt))
	return err
}

// CountCodeAttempt counts an attempt at the code of a challenge: [ErrNotFound] when it is
// gone or has had as many attempts as allowed.
func (tx *Tx) CountCodeAttempt(ctx context.Context, id string, allowed int) error {
	return tx.execOne(ctx, `UPDATE challenges SET attempts = attempts + 1 WHERE id = $1 AND attempts < $2`, id, allowed)
}

// DeleteChallenge removes a challenge, or [ErrNotFound]. So of several that use it at
// once, one succeeds.
func (tx *Tx) DeleteChallenge(ctx context.Context, id string) error {
	return tx.execOne(ctx, `DELETE FROM challenges WHERE id = $1`, id)
}

// DeleteChallengesOfUser removes the challenges of a user for a purpose, created at or
// after a time.
func (tx *Tx) DeleteChallengesOfUser(ctx context.Context, userID, purpose string, since time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM challenges WHERE user_id = $1 AND purpose = $2 AND created_at >= $3`, userID, purpose, micros(since))
	return err
}

// DeleteChallengesOfBrowser removes the challenges that a browser asked for, for a purpose.
func (tx *Tx) DeleteChallengesOfBrowser(ctx context.Context, browserHash []byte, purpose string) error {
	_, err := tx.exec(ctx, `DELETE FROM challenges WHERE browser_hash = $1 AND purpose = $2`, browserHash, purpose)
	return err
}

// DeleteExpiredChallenges removes at most limit challenges that expired at or before a
// time, and returns how many.
func (tx *Tx) DeleteExpiredChallenges(ctx context.Context, at time.Time, limit int) (int64, error) {
	return tx.exec(ctx, `DELETE FROM challenges WHERE id IN
		(SELECT id FROM challenges WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`, micros(at), limit)
}
