package store

import (
	"context"
	"time"
)

// Try is a row of tries: something that counts against a limit.
type Try struct {
	ID      string
	Counter []byte // what it counts for
	At      time.Time
}

// TriesAfter lists when the tries of a counter were, the latest first and at most
// limit of them, from after a time.
func (r reads) TriesAfter(ctx context.Context, counter []byte, after time.Time, limit int) ([]time.Time, error) {
	rows, err := r.q.QueryContext(ctx, `SELECT at FROM tries WHERE counter = $1 AND at > $2
		ORDER BY at DESC LIMIT $3`, counter, micros(after), limit)
	if err != nil {
		return nil, r.classify(err)
	}
	defer rows.Close()
	var times []time.Time
	for rows.Next() {
		var at time.Time
		if err := rows.Scan(instant{&at}); err != nil {
			return nil, r.classify(err)
		}
		times = append(times, at)
	}
	return times, r.classify(rows.Err())
}

// BringTriesBack dates the tries of a counter that are dated after a time to that time.
func (tx *Tx) BringTriesBack(ctx context.Context, counter []byte, to time.Time) error {
	_, err := tx.exec(ctx, `UPDATE tries SET at = $2 WHERE counter = $1 AND at > $2`, counter, micros(to))
	return err
}

// AddTry counts a try.
func (tx *Tx) AddTry(ctx context.Context, t Try) error {
	_, err := tx.exec(ctx, `INSERT INTO tries (id, counter, at) VALUES ($1, $2, $3)`, t.ID, t.Counter, micros(t.At))
	return err
}

// DeleteTry takes a try back.
func (tx *Tx) DeleteTry(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, `DELETE FROM tries WHERE id = $1`, id)
	return err
}

// DeleteTries takes all tries of a counter back.
func (tx *Tx) DeleteTries(ctx context.Context, counter []byte) error {
	_, err := tx.exec(ctx, `DELETE FROM tries WHERE counter = $1`, counter)
	return err
}

// DeleteOldTries removes at most limit tries made at or before the given time,
// and returns how many.
func (tx *Tx) DeleteOldTries(ctx context.Context, at time.Time, limit int) (int64, error) {
	return tx.exec(ctx, `DELETE FROM tries WHERE id IN
		(SELECT id FROM tries WHERE at <= $1 ORDER BY at LIMIT $2)`, micros(at), limit)
}
