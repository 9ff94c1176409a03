package store

import (
	"context"
	"time"
)

// Audit is a row of audit: an event of an account.
type Audit struct {
	ID        string
	At        time.Time // the latest, if it happened more than once
	Event     string
	UserID    string // empty: no such account
	IP        string
	RequestID string
	Count     int // how often it happened; AddAudit sets it
}

func (a *Audit) fields() []any {
	return []any{&a.ID, instant{&a.At}, &a.Event, &a.UserID, &a.IP, &a.RequestID, &a.Count}
}

// AddAudit records an event. If its id is that of another one, it counts as the same event
// that happened again.
func (tx *Tx) AddAudit(ctx context.Context, a Audit) error {
	_, err := tx.exec(ctx, `INSERT INTO audit (id, at, event, user_id, ip, request_id, count)
		VALUES ($1, $2, $3, $4, $5, $6, 1)
		ON CONFLICT (id) DO UPDATE SET at = excluded.at, ip = excluded.ip, request_id = excluded.request_id, count = audit.count + 1`,
		a.ID, micros(a.At), a.Event, a.UserID, a.IP, a.RequestID)
	return err
}

// AuditOfUser lists the events of an account, the latest first, at most limit.
func (r reads) AuditOfUser(ctx context.Context, userID string, limit int) ([]Audit, error) {
	return readAll(ctx, r, (*Audit).fields, `SELECT id, at, event, user_id, ip, request_id, count FROM audit
		WHERE user_id = $1 ORDER BY at DESC, id LIMIT $2`, userID, limit)
}

// DeleteOldAudit removes at most limit events recorded at or before a time, and returns
// how many.
func (tx *Tx) DeleteOldAudit(ctx context.Context, at time.Time, limit int) (int64, error) {
	return tx.exec(ctx, `DELETE FROM audit WHERE id IN
		(SELECT id FROM audit WHERE at <= $1 ORDER BY at LIMIT $2)`, micros(at), limit)
}

// DeleteOldAuditWithoutUser is DeleteOldAudit for events of no account.
func (tx *Tx) DeleteOldAuditWithoutUser(ctx context.Context, at time.Time, limit int) (int64, error) {
	return tx.exec(ctx, `DELETE FROM audit WHERE id IN
		(SELECT id FROM audit WHERE user_id = '' AND at <= $1 ORDER BY at LIMIT $2)`, micros(at), limit)
}
