package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// An orphan is a picture file that no row of pictures or crops names. A file is listed
// as an orphan before it is written, and adopted in the transaction that names it. The
// file it replaces becomes an orphan in the same transaction. So a crash at any moment
// leaves no unknown file.

// AddOrphans lists files to be removed at a time. Files that are listed already stay as they are.
func (tx *Tx) AddOrphans(ctx context.Context, keys []string, removeAt time.Time) error {
	for some := range slices.Chunk(keys, filesAtOnce) {
		_, err := tx.exec(ctx, `INSERT INTO orphans (blob_key, remove_at) VALUES `+places("($%d, $1)", 2, len(some))+
			` ON CONFLICT (blob_key) DO NOTHING`, arguments(some, micros(removeAt))...)
		if err != nil {
			return err
		}
	}
	return nil
}

// AdoptOrphan takes a file off the list: [ErrNotFound] when it was due by now and may
// already be removed.
func (tx *Tx) AdoptOrphan(ctx context.Context, key string, now time.Time) error {
	return tx.execOne(ctx, `DELETE FROM orphans WHERE blob_key = $1 AND remove_at > $2`, key, micros(now))
}

// ForgetOrphans takes files off the list once they are removed from storage. For at most a hundred,
// it is one statement.
func (tx *Tx) ForgetOrphans(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, mostAtOnce) {
		if len(some) > filesAtOnce { // filled up with one of them
			some = append(slices.Clip(some), slices.Repeat(some[:1], mostAtOnce-len(some))...)
		}
		if _, err := tx.exec(ctx, `DELETE FROM orphans WHERE blob_key IN (`+places("$%d", 1, len(some))+`)`, arguments(some)...); err != nil {
			return err
		}
	}
	return nil
}

// A statement takes at most filesAtOnce files, which is more than a picture has, or exactly mostAtOnce,
// as many as a sweep removes. So the number of statements that a connection prepares is bounded.
const (
	filesAtOnce = 8
	mostAtOnce  = 100
)

// places repeats a format for parameters, from one number on.
func places(format string, first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, first+i)
	}
	return strings.Join(all, ", ")
}

// arguments are the values of a statement: some, then keys.
func arguments(keys []string, first ...any) []any {
	for _, key := range keys {
		first = append(first, key)
	}
	return first
}

// ExpireOrphan makes an orphan due at a time, unless it is due before.
func (tx *Tx) ExpireOrphan(ctx context.Context, key string, at time.Time) error {
	_, err := tx.exec(ctx, `UPDATE orphans SET remove_at = $2 WHERE blob_key = $1 AND remove_at > $2`, key, micros(at))
	return err
}

// OrphansAfter lists all files that are due after a time.
func (r reads) OrphansAfter(ctx context.Context, at time.Time) ([]string, error) {
	return readAll(ctx, r, column[string], `SELECT blob_key FROM orphans WHERE remove_at > $1`, micros(at))
}

// KnowsFile reports whether a picture, a crop or the list of orphans names a file. At any
// moment this is true of every file in storage.
func (r reads) KnowsFile(ctx context.Context, key string) (bool, error) {
	return r.exists(ctx, `SELECT 1 FROM pictures WHERE blob_key = $1
		UNION ALL SELECT 1 FROM crops WHERE blob_key = $1
		UNION ALL SELECT 1 FROM orphans WHERE blob_key = $1 LIMIT 1`, key)
}

// exists reports whether a query finds a row.
func (r reads) exists(ctx context.Context, query string, args ...any) (bool, error) {
	var one int
	err := r.classify(r.q.QueryRowContext(ctx, query, args...).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// DueOrphans lists at most limit files that are due, the longest due first.
func (r reads) DueOrphans(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return readAll(ctx, r, column[string], `SELECT blob_key FROM orphans WHERE remove_at <= $1
		ORDER BY remove_at LIMIT $2`, micros(now), limit)
}
