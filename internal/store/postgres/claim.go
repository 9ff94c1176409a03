package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// ErrInUse means that another server serves the same database.
var ErrInUse = store.ErrInUse

// claim makes a server the only one that serves a database. It is a lock held by a transaction that
// stays open while the server runs. The transaction takes no snapshot, so it does not hold up
// vacuum. A session-level lock would not work through pgbouncer.
type claim struct {
	pool *sql.DB
	key  int64

	mu      sync.Mutex
	conn    *sql.Conn
	tx      *sql.Tx   // nil: the connection broke
	kept    time.Time // when the connection was last known to be alive
	problem error     // another server has the claim
}

// keepInterval is how often the claim is checked.
const keepInterval = 2 * time.Second

// takeClaim takes the claim. It waits a moment for a server that is stopping, as during a restart.
func takeClaim(ctx context.Context, e *engine) (*claim, error) {
	c := &claim{pool: e.pools.Writer, key: lockKey("serve", e.address.schema)}
	for deadline := time.Now().Add(takeOver); ; {
		err := c.take(ctx)
		if !errors.Is(err, ErrInUse) || time.Now().After(deadline) {
			return c, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// takeOver is how long PostgreSQL may take to notice that a server was killed.
const takeOver = 2 * time.Second

func (c *claim) take(ctx context.Context) error {
	conn, err := c.pool.Conn(ctx)
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil) // it must not end with ctx
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	var isFree bool
	err = tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, c.key).Scan(&isFree)
	if err == nil && isFree {
		_, err = tx.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`)
	}
	if err == nil && !isFree {
		err = ErrInUse
	}
	if err != nil {
		return errors.Join(err, tx.Rollback(), conn.Close())
	}
	c.conn, c.tx, c.kept = conn, tx, time.Now()
	return nil
}

// keep checks that this server still has the claim, and takes it again if its connection broke. An
// error means that it does not have the claim now.
func (c *claim) keep(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tx != nil && time.Since(c.kept) < keepInterval {
		return nil
	}
	if c.tx != nil {
		if _, err := c.tx.ExecContext(ctx, `SELECT 1`); err == nil || ctx.Err() != nil {
			c.kept = time.Now()
			return ctx.Err()
		}
		_ = c.end() // the connection broke
	}
	err := c.take(ctx)
	switch {
	case errors.Is(err, ErrInUse):
		c.problem = err
	case err == nil:
		c.problem = nil
	}
	return err
}

// lostTo returns [ErrInUse] while another server has the claim.
func (c *claim) lostTo() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.problem
}

func (c *claim) release() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tx == nil {
		return nil
	}
	err := c.end()
	if lostBy(err) != nil || errors.Is(err, sql.ErrTxDone) { // the server has released it
		return nil
	}
	return err
}

// end gives the connection back.
func (c *claim) end() error {
	err := errors.Join(c.tx.Rollback(), c.conn.Close())
	c.tx, c.conn = nil, nil
	return err
}

// Lock takes the lock of a name, and holds it until it is closed or the process ends. Error:
// [ErrInUse] if another process holds it.
func Lock(ctx context.Context, address Address, what string) (io.Closer, error) {
	pool, err := onePool(ctx, address)
	if err != nil {
		return nil, err
	}
	c := &claim{pool: pool, key: lockKey(what, address.schema)}
	if err := c.take(ctx); err != nil {
		return nil, errors.Join(explain(address, err), pool.Close())
	}
	return closer(func() error { return errors.Join(c.release(), pool.Close()) }), nil
}

type closer func() error

func (c closer) Close() error { return c() }

// lockKey returns the key of a schema's advisory lock. PostgreSQL keeps these locks per database,
// so the key includes the schema.
func lockKey(what, schema string) int64 {
	sum := sha256.Sum256([]byte("cardea " + what + " " + schema))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1) //nolint:gosec // it fits
}
