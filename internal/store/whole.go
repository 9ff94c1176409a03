package store

import (
	"context"
	"errors"
)

// These methods concern the whole database and are for operators' commands. They may
// read all of it, and are methods of [DB] alone: no request calls them.

// Snapshotter is an [Engine] that can write a consistent copy of everything to a file of
// SQLite, which does not exist or is empty. Writers of other processes do not wait for it.
type Snapshotter interface {
	Snapshot(ctx context.Context, path string) error
}

// Snapshot writes a copy of the database to a file: [errors.ErrUnsupported] if the engine is no
// [Snapshotter].
func (db *DB) Snapshot(ctx context.Context, path string) error {
	engine, ok := db.engine.(Snapshotter)
	if !ok {
		return errors.ErrUnsupported
	}
	return db.classify(engine.Snapshot(ctx, path))
}

// Damages lists the faults of the database, one sentence each, at most 100. It checks the schema,
// the data, and the references between rows. harmless describes as many other differences
// of a server's schema from what Cardea creates: triggers of others, or indexes with other options.
func (db *DB) Damages(ctx context.Context) (damages, harmless []string, err error) {
	damages, harmless, err = db.engine.Damages(ctx)
	return damages, harmless, db.classify(err)
}

// QuickDamages is [DB.Damages] without the slow checks. On PostgreSQL, it checks only the schema.
func (db *DB) QuickDamages(ctx context.Context) (damages, harmless []string, err error) {
	damages, harmless, err = db.engine.QuickDamages(ctx)
	return damages, harmless, db.classify(err)
}

// Counts is how many rows a database has.
type Counts struct{ Users, Sessions, Pictures int64 }

// Counts counts users, sessions and pictures.
func (db *DB) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := db.q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM sessions),
		(SELECT COUNT(*) FROM pictures)`).Scan(&c.Users, &c.Sessions, &c.Pictures)
	return c, db.classify(err)
}

// CountFiles counts the files of all pictures and their crops.
func (db *DB) CountFiles(ctx context.Context) (n int64, err error) {
	err = db.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT blob_key FROM pictures UNION SELECT blob_key FROM crops)`).Scan(&n)
	return n, db.classify(err)
}
