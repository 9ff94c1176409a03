package store

import "context"

// These methods concern the whole database and are for operators' commands. They may
// read all of it, and are methods of [DB] alone: no request calls them.

// Snapshot writes a consistent copy of the database to a file that does not exist or
// is empty. Writers do not wait for it.
func (db *DB) Snapshot(ctx context.Context, path string) error {
	return db.classify(db.engine.Snapshot(ctx, path))
}

// Damages describes what is wrong with the database, one sentence each, at most 100.
// It checks the schema, the data, and the references between rows.
func (db *DB) Damages(ctx context.Context) ([]string, error) {
	found, err := db.engine.Damages(ctx)
	return found, db.classify(err)
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
