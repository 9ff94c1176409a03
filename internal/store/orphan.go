package store

import (
	"context"
	"errors"
	"time"
)

// An orphan is a stored picture file that no row of pictures or crops names. A file is
// announced as an orphan before it is written and adopted in the transaction
// that names it; the one it replaces becomes an orphan in the same transaction.
// So a crash at any moment leaves no file that is unknown.

// AddOrphan records a file to be removed at the given time.
func (tx *Tx) AddOrphan(ctx context.Context, key string, removeAt time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO orphans (blob_key, remove_at) VALUES ($1, $2)`, key, micros(removeAt))
	return err
}

// AdoptOrphan takes a file off the list: [ErrNotFound] when it was to be removed
// by now, and may already be gone.
func (tx *Tx) AdoptOrphan(ctx context.Context, key string, now time.Time) error {
	return tx.execOne(ctx, `DELETE FROM orphans WHERE blob_key = $1 AND remove_at > $2`, key, micros(now))
}

// ForgetOrphan takes a file off the list once it is gone from storage.
func (tx *Tx) ForgetOrphan(ctx context.Context, key string) error {
	_, err := tx.exec(ctx, `DELETE FROM orphans WHERE blob_key = $1`, key)
	return err
}

// ExpireOrphans makes every orphan due at the given time, and returns how many.
func (tx *Tx) ExpireOrphans(ctx context.Context, now time.Time) (int64, error) {
	return tx.exec(ctx, `UPDATE orphans SET remove_at = $1 WHERE remove_at > $1`, micros(now))
}

// KnowsFile tells whether a picture or a crop names the file of that key, or the list of
// orphans has it: of every file in storage, one or the other is true at any moment.
func (r reads) KnowsFile(ctx context.Context, key string) (bool, error) {
	var one int
	err := r.q.QueryRowContext(ctx, `SELECT 1 FROM pictures WHERE blob_key = $1
		UNION ALL SELECT 1 FROM crops WHERE blob_key = $1
		UNION ALL SELECT 1 FROM orphans WHERE blob_key = $1 LIMIT 1`, key).Scan(&one)
	if err = r.classify(err); errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// DueOrphans lists at most limit files whose time has come, the longest due first.
func (r reads) DueOrphans(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return r.firstColumn(ctx, `SELECT blob_key FROM orphans WHERE remove_at <= $1
		ORDER BY remove_at LIMIT $2`, micros(now), limit)
}
