package postgres

import (
	"context"
	"crypto/rand"
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
//
// PAUSE of pgbouncer waits until transactions end. So through pgbouncer, a new transaction takes over
// from the old one every few seconds. There are two locks for that: the new transaction takes the
// free one before the old transaction releases the other. A server that starts needs both to be free.
type claim struct {
	pool     *sql.DB
	keys     [2]int64
	isPooled bool
	turn     time.Duration // see [turn]

	mu      sync.Mutex
	holder  *holder   // nil: the connection broke
	kept    time.Time // when the connection was last known to be alive
	problem error     // another server has the claim
}

// holder is a transaction that holds one of the locks.
type holder struct {
	conn  *sql.Conn
	tx    *sql.Tx
	free  context.CancelFunc
	key   int
	since time.Time
}

func newClaim(pool *sql.DB, what string, address Address) *claim {
	return &claim{pool: pool, turn: turn, keys: [2]int64{lockKey(what, address.schema), lockKey(what+" in turn", address.schema)}}
}

// keepInterval is how often the claim is checked.
const keepInterval = 2 * time.Second

// turn is how long one transaction holds the claim through pgbouncer. If no other can take over, the
// transaction ends after twice this time. PAUSE has to wait no longer than that.
const turn = 5 * time.Second

// takeClaim takes the claim. It waits a moment for a server that is stopping, as during a restart.
func takeClaim(ctx context.Context, e *engine, turn time.Duration) (*claim, error) {
	c := newClaim(e.watcher, "serve", e.address)
	c.isPooled, c.turn = e.isPooled, turn
	for deadline := time.Now().Add(takeOver); ; {
		err := c.take(ctx)
		if !errors.Is(err, ErrInUse) || time.Now().After(deadline) {
			return c, c.named(ctx, err)
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

func (c *claim) take(ctx context.Context) (err error) {
	if c.holder, err = c.hold(ctx, 0); err == nil {
		c.kept = c.holder.since
	}
	return err
}

// hold begins a transaction that holds one of the locks. It fails with [ErrInUse] if another process
// holds that lock. It also fails so if another process holds the other lock, unless this claim has a
// holder.
func (c *claim) hold(ctx context.Context, key int) (*holder, error) {
	conn, err := c.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	life, cancel := c.life(ctx)
	isBegun := context.AfterFunc(ctx, cancel)
	tx, err := conn.BeginTx(life, nil)
	isBegun() // from here on, it does not end with ctx
	if err != nil {
		cancel()
		return nil, errors.Join(err, conn.Close())
	}
	h := &holder{conn, tx, cancel, key, time.Now()}
	if err = h.lock(ctx, c.keys[key]); err == nil && c.holder == nil {
		err = h.look(ctx, c.keys[1-key])
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`)
	}
	if err != nil {
		_ = h.end() // err says why the connection may be broken
		return nil, err
	}
	return h, nil
}

// life returns a context that lasts as long as a transaction of the claim may.
func (c *claim) life(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = context.WithoutCancel(ctx)
	if c.isPooled {
		return context.WithTimeout(ctx, 2*c.turn)
	}
	return context.WithCancel(ctx)
}

func (h *holder) lock(ctx context.Context, key int64) error {
	var isFree bool
	err := h.tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, key).Scan(&isFree)
	if err == nil && !isFree {
		return ErrInUse
	}
	return err
}

// look fails if another process holds a lock. It does not keep the lock.
func (h *holder) look(ctx context.Context, key int64) error {
	if _, err := h.tx.ExecContext(ctx, `SAVEPOINT look`); err != nil {
		return err
	}
	if err := h.lock(ctx, key); err != nil {
		return err
	}
	_, err := h.tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT look`)
	return err
}

// isAlive asks the server. If it does not answer in time, the driver has closed the connection, which
// ends the transaction. So a caller that leaves does not interrupt the question.
func (h *holder) isAlive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepPatience)
	defer cancel()
	_, err := h.tx.ExecContext(ctx, `SELECT 1`)
	return err == nil
}

// keepPatience limits the wait for the answer.
const keepPatience = 2 * time.Second

// end ends the transaction, which releases the lock, and gives the connection back.
func (h *holder) end() error {
	defer h.free()
	return errors.Join(h.tx.Rollback(), h.conn.Close())
}

// keep checks that this server still has the claim, and takes it again if its connection broke. An
// error means that it does not have the claim now.
func (c *claim) keep(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holder != nil && time.Since(c.kept) < keepInterval {
		return nil
	}
	if c.holder != nil {
		if c.holder.isAlive(ctx) {
			c.kept = time.Now()
			return c.takeTurns(ctx)
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

// takeTurns lets a new transaction take over the claim when it is time. If none can begin, pgbouncer
// may be pausing. Then the next check tries again, and the claim ends with the old transaction.
func (c *claim) takeTurns(ctx context.Context) error {
	if !c.isPooled || time.Since(c.holder.since) < c.turn {
		return nil
	}
	next, err := c.hold(ctx, 1-c.holder.key)
	if err != nil {
		return nil //nolint:nilerr // the old transaction still holds the claim
	}
	err = c.end()
	c.holder = next
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
	if c.holder == nil {
		return nil
	}
	err := c.end()
	if lostBy(err) != nil || errors.Is(err, sql.ErrTxDone) { // the server has released it
		return nil
	}
	return err
}

func (c *claim) end() error {
	err := c.holder.end()
	c.holder = nil
	return err
}

// Lock takes the lock of a name, and holds it until it is closed or the process ends. Error:
// [ErrInUse] if another process holds it.
func Lock(ctx context.Context, address Address, what string) (io.Closer, error) {
	pool, err := onePool(ctx, address)
	if err != nil {
		return nil, err
	}
	c := newClaim(pool, what, address)
	if err := c.take(ctx); err != nil {
		return nil, errors.Join(explain(address, c.named(ctx, err)), pool.Close())
	}
	return closer(func() error { return errors.Join(c.release(), pool.Close()) }), nil
}

// IsSame reports whether two addresses lead to the same schema of the same database, however they are
// written. It takes a lock at one address and looks for it at the other.
func IsSame(ctx context.Context, a, b Address) (is bool, err error) {
	if a.schema != b.schema {
		return false, nil
	}
	key := "same " + rand.Text()
	there, err := Lock(ctx, a, key)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, there.Close()) }()
	here, err := Lock(ctx, b, key)
	if errors.Is(err, ErrInUse) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, here.Close()
}

type closer func() error

func (c closer) Close() error { return c() }

// lockKey returns the key of a schema's advisory lock. PostgreSQL keeps these locks per database,
// so the key includes the schema.
func lockKey(what, schema string) int64 {
	sum := sha256.Sum256([]byte("cardea " + what + " " + schema))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1) //nolint:gosec // it fits
}
