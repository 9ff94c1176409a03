package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
)

// SchemaDifferences opens the database file at path, of this release or an earlier
// one, and compares its tables and the like with what the migrations make that it
// names: a sentence for each difference. It is not brought up to date. Error: [ErrNewer].
func SchemaDifferences(ctx context.Context, path string) (list []string, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := sql.Open(driverName, writerDSN(path))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return schemaDifferences(ctx, db)
}

func schemaDifferences(ctx context.Context, q querier) ([]string, error) {
	applied, err := appliedMigrations(ctx, q)
	if isSenseless(err) {
		return nil, errNoCardea
	}
	if err != nil {
		return nil, err
	}
	steps, err := readMigrations(migrationFiles, "migrations/sqlite")
	if err != nil {
		return nil, err
	}
	if _, err := compare(steps, applied); err != nil {
		return nil, err
	}
	want, err := schemaAfter(ctx, slices.DeleteFunc(steps, func(m migration) bool { return applied[m.version] == "" }))
	if err != nil {
		return nil, err
	}
	have, err := schemaOf(ctx, q)
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
			list = append(list, fmt.Sprintf("the %s is none of Cardea's", name))
		}
	}
	return list
}

// schemaAfter is the schema that some migrations make, found out in memory.
func schemaAfter(ctx context.Context, steps []migration) (schema map[string]string, err error) {
	db, err := sql.Open(driverName, ":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // each connection would have a database of its own
	err = locked(ctx, db, func(ctx context.Context, tx *sql.Tx) error {
		if err := makeMigrationsTable(ctx, tx); err != nil {
			return err
		}
		return applyMissing(ctx, tx, steps)
	})
	if err != nil {
		return nil, err
	}
	return schemaOf(ctx, db)
}

// schemaOf maps what a database has, such as "table users", to the statement that
// made it, which SQLite keeps as it was (https://sqlite.org/schematab.html). What it
// makes by itself is left out.
func schemaOf(ctx context.Context, q querier) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	schema := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, classify(err)
		}
		schema[name] = text
	}
	return schema, classify(rows.Err())
}
