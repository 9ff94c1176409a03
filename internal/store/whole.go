package store

import (
	"context"
	"database/sql"
	"fmt"
)

// What concerns the database as a whole, for operators' commands. These read all
// of it, and are methods of [DB] alone: no request calls them.

// Snapshot writes a consistent copy of the database to a file that must not
// exist or be empty. It takes no lock that a writer would wait for: it is one
// long reading transaction (https://sqlite.org/lang_vacuum.html#vacuuminto).
func (db *DB) Snapshot(ctx context.Context, path string) error {
	_, err := db.writer.ExecContext(ctx, `VACUUM INTO $1`, path)
	return db.classify(err) // SQLite has an own word only for damage; the rest is about the path
}

// maxDamages bounds what [DB.Damages] returns; who has more needs a backup.
const maxDamages = 100

// Damages lists what is wrong with the file, with its tables and with the references
// between their rows, a sentence each; nothing when all is well.
func (db *DB) Damages(ctx context.Context) ([]string, error) {
	if found, err := schemaDifferences(ctx, db.q); err != nil || len(found) > 0 {
		return found, db.classify(err)
	}
	found, err := db.texts(ctx, fmt.Sprintf(`PRAGMA integrity_check(%d)`, maxDamages), func(rows *sql.Rows) (s string, err error) {
		return s, rows.Scan(&s)
	})
	if err != nil || len(found) != 1 || found[0] != "ok" {
		return found, err
	}
	return db.texts(ctx, `PRAGMA foreign_key_check`, func(rows *sql.Rows) (string, error) {
		var table, parent string
		var rowID sql.NullInt64
		var key int
		err := rows.Scan(&table, &rowID, &parent, &key)
		return fmt.Sprintf("row %d of %s refers to a row of %s that is missing", rowID.Int64, table, parent), err
	})
}

// texts makes a text of each row, for at most maxDamages rows.
func (db *DB) texts(ctx context.Context, query string, text func(*sql.Rows) (string, error)) ([]string, error) {
	rows, err := db.q.QueryContext(ctx, query)
	if err != nil {
		return nil, db.classify(err)
	}
	defer rows.Close()
	var list []string
	for len(list) < maxDamages && rows.Next() {
		s, err := text(rows)
		if err != nil {
			return nil, db.classify(err)
		}
		list = append(list, s)
	}
	return list, db.classify(rows.Err())
}

// Counts says how much is in a database.
type Counts struct{ People, Sessions, Pictures int64 }

// Counts counts.
func (db *DB) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := db.q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM sessions),
		(SELECT COUNT(*) FROM pictures)`).Scan(&c.People, &c.Sessions, &c.Pictures)
	return c, db.classify(err)
}

// CountFiles counts the files of all pictures and their crops.
func (db *DB) CountFiles(ctx context.Context) (n int64, err error) {
	err = db.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT blob_key FROM pictures UNION SELECT blob_key FROM crops)`).Scan(&n)
	return n, db.classify(err)
}
