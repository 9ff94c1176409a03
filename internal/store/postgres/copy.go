package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// unlimited turns off the timeouts for the rest of a transaction.
var unlimited = []string{
	"SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0",
}

// BeginReading implements [store.Copier]. Its last statement takes the snapshot that all reads see.
func (e *engine) BeginReading(ctx context.Context) (*sql.Tx, error) {
	return e.beginUnlimited(ctx, "SELECT 1 FROM migrations")
}

// beginUnlimited begins a transaction that reads, sees one moment, and has no time limits. It runs
// statements in it.
func (e *engine) beginUnlimited(ctx context.Context, statements ...string) (*sql.Tx, error) {
	tx, err := e.pools.Reader.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	for _, statement := range slices.Concat(unlimited, statements) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			_ = tx.Rollback() // err says why the connection may be broken
			return nil, err
		}
	}
	return tx, nil
}

// CopyIn implements [store.Copier] with COPY, in one transaction. It adds nothing to the table
// changes, because no server caches anything of an empty table.
func (e *engine) CopyIn(ctx context.Context, table string, columns []string, next func() ([]any, error)) error {
	conn, err := e.pools.Writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it returns to the pool
	return conn.Raw(func(c any) error {
		direct := c.(*connection).Conn.Conn() //nolint:forcetypeassert // the pool has no others
		return pgx.BeginFunc(ctx, direct, func(tx pgx.Tx) error {
			name := pgx.Identifier{e.address.schema, table}
			statements := append(unlimited[:len(unlimited):len(unlimited)], fmt.Sprintf("ALTER TABLE %s DISABLE TRIGGER USER", name.Sanitize()))
			if _, err := tx.Exec(ctx, strings.Join(statements, "; "), pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
			if _, err := tx.CopyFrom(ctx, name, columns, &rows{next: next}); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, fmt.Sprintf("ALTER TABLE %s ENABLE TRIGGER USER", name.Sanitize()))
			return err
		})
	})
}

// rows implements [pgx.CopyFromSource].
type rows struct {
	next func() ([]any, error)
	row  []any
	err  error
}

// Next implements [pgx.CopyFromSource].
func (r *rows) Next() bool {
	r.row, r.err = r.next()
	return r.err == nil
}

// Values implements [pgx.CopyFromSource].
func (r *rows) Values() ([]any, error) { return r.row, nil }

// Err implements [pgx.CopyFromSource].
func (r *rows) Err() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// Storable implements [store.Copier]: valid UTF-8 without NUL.
func (*engine) Storable(text string) string { return storable(text) }

// Empty implements [store.Copier].
func (e *engine) Empty(ctx context.Context, tables []string) error {
	names := make([]string, len(tables))
	for i, table := range tables {
		names[i] = pgx.Identifier{e.address.schema, table}.Sanitize()
	}
	_, err := e.pools.Writer.ExecContext(ctx, "TRUNCATE "+strings.Join(names, ", "))
	return err
}
