package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Audit is a row of audit: an event of an account.
type Audit struct {
	ID        string
	At        time.Time
	Event     string
	UserID    string // empty: no such account
	IP        string
	RequestID string
}

func (a *Audit) fields() []any {
	return []any{&a.ID, instant{&a.At}, &a.Event, &a.UserID, &a.IP, &a.RequestID}
}

// AddAudit records an event.
func (tx *Tx) AddAudit(ctx context.Context, a Audit) error {
	_, err := tx.exec(ctx, `INSERT INTO audit (id, at, event, user_id, ip, request_id)
		VALUES ($1, $2, $3, $4, $5, $6)`, a.ID, micros(a.At), a.Event, a.UserID, a.IP, a.RequestID)
	return err
}

// AuditOfUser lists the events of an account, the latest first, at most limit.
func (r reads) AuditOfUser(ctx context.Context, userID string, limit int) ([]Audit, error) {
	return readAll(ctx, r, (*Audit).fields, `SELECT id, at, event, user_id, ip, request_id FROM audit
		WHERE user_id = $1 ORDER BY at DESC, id LIMIT $2`, userID, limit)
}

// NthAuditOfUser returns when the nth latest of some events of an account was, counting
// from after one time until another: [ErrNotFound] when there were fewer.
func (r reads) NthAuditOfUser(ctx context.Context, userID string, events []string, after, until time.Time, n int) (at time.Time, err error) {
	args := []any{userID, micros(after), micros(until), n - 1}
	err = r.q.QueryRowContext(ctx, `SELECT at FROM audit
		WHERE user_id = $1 AND at > $2 AND at <= $3 AND event IN (`+placeholders(len(args)+1, len(events))+`)
		ORDER BY at DESC LIMIT 1 OFFSET $4`, append(args, anys(events)...)...).Scan(instant{&at})
	return at, r.classify(err)
}

// placeholders lists n parameters of a statement from a number on: $5, $6, $7. Callers
// pass few different n, because the text of each statement is kept.
func placeholders(first, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("$", first+i)
	}
	return strings.Join(list, ", ")
}

func anys(list []string) []any {
	all := make([]any, len(list))
	for i, s := range list {
		all[i] = s
	}
	return all
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
