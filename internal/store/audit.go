package store

import (
	"context"
	"time"
)

// Audit is a row of audit: something that happened to an account.
type Audit struct {
	ID        string
	At        time.Time
	Event     string
	UserID    string // empty: of no account
	IP        string
	RequestID string
}

// AddAudit writes down what happened.
func (tx *Tx) AddAudit(ctx context.Context, a Audit) error {
	_, err := tx.exec(ctx, `INSERT INTO audit (id, at, event, user_id, ip, request_id)
		VALUES ($1, $2, $3, $4, $5, $6)`, a.ID, micros(a.At), a.Event, a.UserID, a.IP, a.RequestID)
	return err
}

// AuditOfUser lists what happened to an account, the latest first, at most limit.
func (r reads) AuditOfUser(ctx context.Context, userID string, limit int) ([]Audit, error) {
	rows, err := r.q.QueryContext(ctx, `SELECT id, at, event, user_id, ip, request_id FROM audit
		WHERE user_id = $1 ORDER BY at DESC, id LIMIT $2`, userID, limit)
	if err != nil {
		return nil, r.classify(err)
	}
	defer rows.Close()
	var list []Audit
	for rows.Next() {
		var a Audit
		if err := rows.Scan(&a.ID, instant{&a.At}, &a.Event, &a.UserID, &a.IP, &a.RequestID); err != nil {
			return nil, r.classify(err)
		}
		list = append(list, a)
	}
	return list, r.classify(rows.Err())
}

// NthAuditOfUser tells when the nth latest of what happened to an account was,
// counting certain events only, from after one time until another: [ErrNotFound]
// when there were fewer.
func (r reads) NthAuditOfUser(ctx context.Context, userID string, events [4]string, after, until time.Time, n int) (at time.Time, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT at FROM audit
		WHERE user_id = $1 AND at > $2 AND at <= $3 AND event IN ($4, $5, $6, $7) ORDER BY at DESC LIMIT 1 OFFSET $8`,
		userID, micros(after), micros(until), events[0], events[1], events[2], events[3], n-1).Scan(instant{&at})
	return at, r.classify(err)
}

// DeleteOldAudit removes at most limit rows written at or before the given time,
// and returns how many.
func (tx *Tx) DeleteOldAudit(ctx context.Context, at time.Time, limit int) (int64, error) {
	return tx.exec(ctx, `DELETE FROM audit WHERE id IN
		(SELECT id FROM audit WHERE at <= $1 ORDER BY at LIMIT $2)`, micros(at), limit)
}

// DeleteOldAuditOfNobody is DeleteOldAudit for what happened to no account.
func (tx *Tx) DeleteOldAuditOfNobody(ctx context.Context, at time.Time, limit int) (int64, error) {
	return tx.exec(ctx, `DELETE FROM audit WHERE id IN
		(SELECT id FROM audit WHERE user_id = '' AND at <= $1 ORDER BY at LIMIT $2)`, micros(at), limit)
}
