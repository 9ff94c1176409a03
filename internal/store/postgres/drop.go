package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Drop removes Cardea's tables with all their rows, and its functions. With schemaToo, it also removes
// the schema, unless the schema has anything else in it. After an error, either all tables exist or
// none.
func Drop(ctx context.Context, address Address, schemaToo bool) (err error) {
	statements, err := dropStatements()
	if err != nil {
		return err
	}
	pool, err := onePool(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return explain(address, err)
	}
	defer tx.Rollback() //nolint:errcheck // it was committed, or there is an error that says more
	for _, statement := range append([]string{"SET LOCAL search_path = " + address.quoted()}, statements...) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return explain(address, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return explain(address, err)
	}
	if schemaToo {
		if _, err := pool.ExecContext(ctx, "DROP SCHEMA IF EXISTS "+address.quoted()); err != nil && code(err) != codeDependents {
			return explain(address, err)
		}
	}
	return nil
}

// dropStatements returns statements that remove what the migrations create.
func dropStatements() ([]string, error) {
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	tables, err := tableNames(migrations)
	if err != nil {
		return nil, err
	}
	functions, err := madeBy(migrations, "CREATE FUNCTION ")
	if err != nil {
		return nil, err
	}
	return []string{drop("TABLE", tables), drop("FUNCTION", functions)}, nil
}

func drop(what string, names map[string]bool) string {
	return fmt.Sprintf("DROP %s IF EXISTS %s", what, strings.Join(slices.Sorted(maps.Keys(names)), ", "))
}
