package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"slices"
	"strings"
)

// BeginReading implements [store.Copier]. The first statement fixes the moment.
func (e *engine) BeginReading(ctx context.Context) (*sql.Tx, error) {
	tx, err := e.pools.Reader.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	var version int64
	if err := tx.QueryRowContext(ctx, `SELECT MAX(version) FROM migrations`).Scan(&version); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// copyBatch is how many rows a transaction adds. The log grows with it.
const copyBatch = 20_000

// CopyIn implements [store.Copier].
func (e *engine) CopyIn(ctx context.Context, table string, columns []string, next func() ([]any, error)) error {
	values := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	query := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + values + ")"
	for {
		n, err := e.addBatch(ctx, query, next)
		if err != nil || n < copyBatch {
			return err
		}
	}
}

// addBatch returns how many rows it added: fewer than copyBatch at the end.
func (e *engine) addBatch(ctx context.Context, query string, next func() ([]any, error)) (n int, err error) {
	tx, err := e.pools.Writer.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	insert, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return 0, err
	}
	defer insert.Close() //nolint:errcheck // the transaction tells
	for ; n < copyBatch; n++ {
		row, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return n, err
		}
		if _, err := insert.ExecContext(ctx, row...); err != nil {
			return n, err
		}
	}
	return n, tx.Commit()
}

// Storable implements [store.Copier]: SQLite keeps any bytes.
func (*engine) Storable(text string) string { return text }

// Empty implements [store.Copier].
func (e *engine) Empty(ctx context.Context, tables []string) error {
	for _, table := range slices.Backward(tables) {
		if _, err := e.pools.Writer.ExecContext(ctx, "DELETE FROM "+table); err != nil { //nolint:gosec // a name of the package store
			return err
		}
	}
	return nil
}
