package store

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// Attempt is a row of attempts: something that counts against a limit.
type Attempt struct {
	ID      string // the same in every row of an attempt that counts against several limits
	Counter []byte // what it counts for
	At      time.Time
}

// AttemptsAfter returns a counter's attempts after a time, the latest first, at most limit.
func (r reads) AttemptsAfter(ctx context.Context, counter []byte, after time.Time, limit int) ([]Attempt, error) {
	return readAll(ctx, r, func(a *Attempt) []any { return []any{&a.ID, &a.Counter, instant{&a.At}} },
		`SELECT id, counter, at FROM attempts WHERE counter = $1 AND at > $2 ORDER BY at DESC LIMIT $3`, counter, micros(after), limit)
}

// RedateFutureAttempts moves a counter's attempts that are dated after now to now.
func (tx *Tx) RedateFutureAttempts(ctx context.Context, counter []byte, now time.Time) error {
	_, err := tx.exec(ctx, `UPDATE attempts SET at = $2 WHERE counter = $1 AND at > $2`, counter, micros(now))
	return err
}

// AddAttempt counts an attempt.
func (tx *Tx) AddAttempt(ctx context.Context, a Attempt) error {
	_, err := tx.exec(ctx, `INSERT INTO attempts (id, counter, at) VALUES ($1, $2, $3)`, a.ID, a.Counter, micros(a.At))
	return err
}

// DeleteAttempts removes all attempts of a counter.
func (tx *Tx) DeleteAttempts(ctx context.Context, counter []byte) error {
	_, err := tx.exec(ctx, `DELETE FROM attempts WHERE counter = $1`, counter)
	return err
}

// DeleteAttemptsFrom removes all attempts of the counters of 32 bytes that begin with a
// prefix.
func (tx *Tx) DeleteAttemptsFrom(ctx context.Context, prefix []byte) error {
	last := append(slices.Clone(prefix), bytes.Repeat([]byte{0xff}, 32-len(prefix))...)
	_, err := tx.exec(ctx, `DELETE FROM attempts WHERE counter >= $1 AND counter <= $2`, prefix, last)
	return err
}

// DeleteOldAttempts removes at most limit attempts made at or before a time, and returns
// how many.
func (tx *Tx) DeleteOldAttempts(ctx context.Context, at time.Time, limit int) (int64, error) {
	return tx.exec(ctx, `DELETE FROM attempts WHERE (counter, at, id) IN
		(SELECT counter, at, id FROM attempts WHERE at <= $1 ORDER BY at LIMIT $2)`, micros(at), limit)
}
