package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cardea-accounts/cardea/internal/store"
)

// bound limits how long Cardea waits for an answer from PostgreSQL. PostgreSQL's own timeouts do
// not help if the network drops everything. The limit is [store.RequestPatience]: for all statements of
// a request together, and for each statement of a background job. A statement whose context has a
// deadline waits until then. Operators' commands, and the statements of a start, wait for as long as
// it takes.
type bound struct{ isSet atomic.Bool }

// with returns a context with the limit, for one call or the rows of one query.
func (b *bound) with(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has || b == nil || !b.isSet.Load() {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, store.Left(ctx), errNoAnswer)
}

var errNoAnswer = fmt.Errorf("PostgreSQL has not answered within the %v that a request waits for it", store.RequestPatience)

// meant turns the error of a call whose context came from with into the one to report.
func meant(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errNoAnswer) {
		return &lost{errNoAnswer.Error(), false, ""} // the caller has waited long enough
	}
	return err
}

// boundRows are the rows of a query that has a bound.
type boundRows struct {
	driver.Rows
	ctx    context.Context //nolint:containedctx // that of the query
	cancel context.CancelFunc
}

// Next implements [driver.Rows].
func (r *boundRows) Next(dest []driver.Value) error { return meant(r.ctx, r.Rows.Next(dest)) }

// Close implements [driver.Rows].
func (r *boundRows) Close() error {
	defer r.cancel()
	return meant(r.ctx, r.Rows.Close())
}

// tx is a transaction that ends independently of its caller's context. If a canceled context could
// interrupt a commit, nobody would know whether it took place.
type tx struct {
	tx  pgx.Tx
	ctx context.Context //nolint:containedctx // that of the transaction, without its cancellation
	*bound
}

// Commit implements [driver.Tx].
func (t *tx) Commit() error {
	ctx, cancel := t.with(t.ctx)
	defer cancel()
	return meant(ctx, t.tx.Commit(ctx))
}

// Rollback implements [driver.Tx]. If PostgreSQL does not answer, the connection is closed, which
// also rolls back.
func (t *tx) Rollback() error {
	ctx, cancel := context.WithTimeout(t.ctx, rollbackPatience)
	defer cancel()
	return t.tx.Rollback(ctx)
}

const rollbackPatience = time.Second
