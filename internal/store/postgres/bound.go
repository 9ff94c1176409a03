package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// bound is how long a server waits for an answer of PostgreSQL, which its own limits on time do
// not help with if the network lets nothing pass. It concerns statements of requests and jobs; one
// whose context has a deadline waits until then. Commands of operators, and what a start does,
// wait for as long as it takes.
type bound struct{ isSet atomic.Bool }

// answerPatience is longer than any statement of a request, with the wait for a lock, takes.
const answerPatience = 10 * time.Second

// with returns a context that ends in time, for one call or the rows of one query.
func (b *bound) with(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has || b == nil || !b.isSet.Load() {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, answerPatience, errNoAnswer)
}

var errNoAnswer = fmt.Errorf("PostgreSQL has not answered for %v", answerPatience)

// meant is the error of a call that had a context by with.
func meant(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errNoAnswer) {
		return &lost{errNoAnswer.Error(), false, ""} // whoever asked has waited long enough
	}
	return err
}

// boundRows are rows of a query that was made with a bound.
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

// tx is a transaction whose end does not depend on the caller: one that leaves would leave open
// whether a commit took place.
type tx struct {
	tx  pgx.Tx
	ctx context.Context //nolint:containedctx // that of the transaction, without its end
	*bound
}

// Commit implements [driver.Tx].
func (t *tx) Commit() error {
	ctx, cancel := t.with(t.ctx)
	defer cancel()
	return meant(ctx, t.tx.Commit(ctx))
}

// Rollback implements [driver.Tx]. Without an answer the connection is closed, which rolls back,
// too.
func (t *tx) Rollback() error {
	ctx, cancel := context.WithTimeout(t.ctx, rollbackPatience)
	defer cancel()
	return t.tx.Rollback(ctx)
}

const rollbackPatience = time.Second
