package store

import (
	"context"
	"time"
)

// Mail is a row of outbox: a message that is to be sent.
type Mail struct {
	ID        string
	UserID    string // empty: nobody's
	Recipient string
	Kind      string
	Sealed    []byte // the rest, encrypted
	Attempts  int
	Error     string // of the last attempt
	CreatedAt time.Time
	SendAt    time.Time
	ExpiresAt time.Time
	GaveUp    bool
}

const mailColumns = `id, user_id, recipient, kind, sealed, attempts, error, created_at, send_at, expires_at, gave_up`

func (m *Mail) fields() []any {
	return []any{
		&m.ID, &m.UserID, &m.Recipient, &m.Kind, &m.Sealed, &m.Attempts, &m.Error,
		instant{&m.CreatedAt}, instant{&m.SendAt}, instant{&m.ExpiresAt}, &m.GaveUp,
	}
}

// AddMail puts a message into the outbox.
func (tx *Tx) AddMail(ctx context.Context, m Mail) error {
	_, err := tx.exec(ctx, `INSERT INTO outbox (`+mailColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		m.ID, m.UserID, m.Recipient, m.Kind, m.Sealed, m.Attempts, m.Error, micros(m.CreatedAt), micros(m.SendAt), micros(m.ExpiresAt), m.GaveUp)
	return err
}

// HasDueMail reports whether a message is due.
func (r reads) HasDueMail(ctx context.Context, now time.Time) (bool, error) {
	// The order makes a plan that does not know the time take the index.
	return r.exists(ctx, `SELECT 1 FROM outbox WHERE gave_up = 0 AND send_at <= $1 ORDER BY send_at LIMIT 1`, micros(now))
}

// LeaseMail takes at most limit messages that are due, the longest due first. Until the
// lease ends, nobody else takes them; each counts one more attempt.
func (tx *Tx) LeaseMail(ctx context.Context, now, until time.Time, limit int) ([]Mail, error) {
	return readAll(ctx, tx.reads, (*Mail).fields, `UPDATE outbox SET send_at = $2, leased = 1, attempts = attempts + 1 WHERE id IN
		(SELECT id FROM outbox WHERE gave_up = 0 AND send_at <= $1 ORDER BY send_at LIMIT $3)
		RETURNING `+mailColumns, micros(now), micros(until), limit)
}

// ReleaseMail ends all leases that last longer than now. The messages are due at once.
func (tx *Tx) ReleaseMail(ctx context.Context, now time.Time) error {
	_, err := tx.exec(ctx, `UPDATE outbox SET send_at = $1, leased = 0 WHERE leased = 1 AND gave_up = 0 AND send_at > $1`, micros(now))
	return err
}

// PostponeMail ends the lease of a message, if it is still there, and sets its next attempt.
func (tx *Tx) PostponeMail(ctx context.Context, id string, attempts int, sendAt time.Time, reason string) error {
	_, err := tx.exec(ctx, `UPDATE outbox SET attempts = $2, send_at = $3, leased = 0, error = $4 WHERE id = $1`, id, attempts, micros(sendAt), reason)
	return err
}

// GiveUpMail marks a message as one that will not be sent, and removes its content.
func (tx *Tx) GiveUpMail(ctx context.Context, id, reason string) error {
	_, err := tx.exec(ctx, `UPDATE outbox SET gave_up = 1, error = $2, sealed = $3 WHERE id = $1`, id, reason, []byte{})
	return err
}

// DeleteMail removes a message.
func (tx *Tx) DeleteMail(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, `DELETE FROM outbox WHERE id = $1`, id)
	return err
}

// DeleteAllMail empties the outbox.
func (tx *Tx) DeleteAllMail(ctx context.Context) error {
	_, err := tx.exec(ctx, `DELETE FROM outbox`)
	return err
}

// ExpiredMail lists at most limit messages that expired at or before a time.
func (r reads) ExpiredMail(ctx context.Context, at time.Time, limit int) ([]Mail, error) {
	return readAll(ctx, r, (*Mail).fields, `SELECT `+mailColumns+` FROM outbox WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`, micros(at), limit)
}

// LatestMail lists the messages that were created at or before a time, the newest first, at
// most limit.
func (r reads) LatestMail(ctx context.Context, until time.Time, limit int) ([]Mail, error) {
	return readAll(ctx, r, (*Mail).fields, `SELECT `+mailColumns+` FROM outbox WHERE created_at <= $1
		ORDER BY created_at DESC LIMIT $2`, micros(until), limit)
}

// IsMailWaiting reports whether a message of a kind to an address is to be sent after a time.
func (r reads) IsMailWaiting(ctx context.Context, recipient, kind string, after time.Time) (bool, error) {
	return r.exists(ctx, `SELECT 1 FROM outbox WHERE recipient = $1 AND kind = $2 AND gave_up = 0 AND send_at > $3 LIMIT 1`,
		recipient, kind, micros(after))
}

// MailByID finds a message in the outbox, or [ErrNotFound].
func (r reads) MailByID(ctx context.Context, id string) (m Mail, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT `+mailColumns+` FROM outbox WHERE id = $1`, id).Scan(m.fields()...)
	return m, r.classify(err)
}

// Queue is what waits in the outbox.
type Queue struct {
	Waiting int64
	GaveUp  int64
	Oldest  time.Time // when the oldest that waits was created; zero: none waits
}

// Queue counts the messages of the outbox.
func (db *DB) Queue(ctx context.Context) (q Queue, err error) {
	err = db.q.QueryRowContext(ctx, `SELECT count(*) - coalesce(sum(gave_up), 0), coalesce(sum(gave_up), 0),
		min(CASE WHEN gave_up = 0 THEN created_at END) FROM outbox`).Scan(&q.Waiting, &q.GaveUp, instant{&q.Oldest})
	return q, db.classify(err)
}
