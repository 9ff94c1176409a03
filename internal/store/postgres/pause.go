package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A pause consists of two locks. One is on all tables, and lets others read but not write. The
// other is an advisory lock that Cardea's processes notice at once, so they refuse writes instead
// of waiting for the tables. A transaction holds both, so they end with its connection. Other
// programs that write wait for the tables.

const (
	// pauseNoticed is how long a pause is visible before it waits for the tables. By then, servers
	// have noticed it and no longer write.
	pauseNoticed = 600 * time.Millisecond
	// pausePatience is how long a pause waits for a long transaction.
	pausePatience = time.Minute
)

// BeginPause implements [store.Pauser].
func (e *engine) BeginPause(ctx context.Context) (_ *sql.Tx, end func() error, err error) {
	for {
		tx, err := e.beginPause(ctx)
		if code(err) == codeDeadlock && ctx.Err() == nil { // with a transaction that had begun before
			continue
		}
		return tx, func() error { return nil }, err
	}
}

func (e *engine) beginPause(ctx context.Context) (_ *sql.Tx, err error) {
	tx, err := e.pools.Writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // err says why the connection may be broken
		}
	}()
	statements := append(slices.Clone(unlimited), fmt.Sprintf("SET LOCAL lock_timeout = %d", pausePatience.Milliseconds()),
		fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", e.pauseKey()))
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	timer := time.NewTimer(pauseNoticed)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var names []string
	for table := range e.tables {
		if table != "changes" && table != "migrations" { // servers remove old rows of changes when they look
			names = append(names, pgx.Identifier{e.address.schema, table}.Sanitize())
		}
	}
	slices.Sort(names)
	_, err = tx.ExecContext(ctx, "LOCK TABLE "+strings.Join(names, ", ")+" IN EXCLUSIVE MODE")
	return tx, err
}

func (e *engine) pauseKey() int64 { return lockKey("pause", e.address.schema) }

// IsPaused implements [store.Pauser]. The lock is released at the end of the statement.
func (e *engine) IsPaused(ctx context.Context) (isPaused bool, err error) {
	err = e.pools.Reader.QueryRowContext(ctx, `SELECT NOT pg_try_advisory_xact_lock_shared($1)`, e.pauseKey()).Scan(&isPaused)
	return isPaused, err
}
