package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/cardea-accounts/cardea/internal/store"
)

// SchemaDifferences compares the schema of the database file at path with the one that
// its migrations make, and describes each difference in a sentence. The database may be
// of an earlier release; it is not migrated. Error: [store.ErrNewer].
func SchemaDifferences(ctx context.Context, path string) (list []string, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	e, err := newEngine(path, writerDSN(path), readerDSN(path))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	list, err = e.schemaDifferences(ctx, e.pools.Writer)
	return list, e.Classify(err)
}

func (e *engine) schemaDifferences(ctx context.Context, db *sql.DB) ([]string, error) {
	applied, err := store.AppliedMigrations(ctx, e, db)
	if err != nil {
		return nil, err
	}
	want, err := e.schemaAfter(ctx, applied)
	if err != nil {
		return nil, err
	}
	have, err := schemaOf(ctx, db)
	if err != nil {
		return nil, err
	}
	return differences(want, have), nil
}

func differences(want, have map[string]string) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if text, ok := have[name]; !ok {
			list = append(list, fmt.Sprintf("the %s is missing", name))
		} else if text != want[name] {
			list = append(list, fmt.Sprintf("the %s is not as Cardea makes it", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[name]; !ok {
			list = append(list, fmt.Sprintf("the %s is not one of Cardea's", name))
		}
	}
	return list
}

// schemaAfter is the schema that some migrations make. It applies them in memory.
func (e *engine) schemaAfter(ctx context.Context, steps []store.Migration) (schema map[string]string, err error) {
	db, err := sql.Open(driverName, ":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // each connection would have a database of its own
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := store.ApplyMigrations(ctx, e, tx, steps); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	return schemaOf(ctx, db)
}

// schemaOf maps each part of the schema, such as "table users", to the statement that
// made it. SQLite keeps the text as it was (https://sqlite.org/schematab.html). Parts
// that SQLite makes by itself are left out.
func schemaOf(ctx context.Context, db *sql.DB) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	schema := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		schema[name] = text
	}
	return schema, rows.Err()
}
