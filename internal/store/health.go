package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// ErrUnwritable: the database can be read, but not written at the moment.
var ErrUnwritable = errors.New("store: the database takes no writes")

// health remembers failures until [DB.Ping] sees that the database works again.
type health struct {
	unwritable atomic.Bool            // no space, a failing disk, or locked by another process
	gone       atomic.Pointer[error]  // why nothing is written, see lookForFiles; nil: it is there
	paused     atomic.Bool            // another process keeps all from writing
	moved      atomic.Pointer[string] // where the data was moved; nil: it is here
	// lookedForPause is when the two before were looked at, in microseconds; 0: never.
	lookedForPause atomic.Int64
	damaged        atomic.Int64 // how often damage was met since the last check found none

	checking sync.Mutex // held during a check for damage
	checked  time.Time  // when the last check ended; zero: never
	found    error      // by it
}

// noteWrite remembers how a transaction ended.
func (h *health) noteWrite(err error) error {
	if errors.Is(err, ErrFull) || errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrPaused) {
		h.unwritable.Store(true)
	}
	return h.noteRead(err)
}

func (h *health) noteRead(err error) error {
	if h != nil && errors.Is(err, ErrDamaged) {
		h.damaged.Add(1)
	}
	return err
}

// classify gives the error of a query its meaning, and remembers damage. The queries
// are tested. So a query that does not fit the schema has met a damaged one.
func (r reads) classify(err error) error {
	if err == nil {
		return nil
	}
	if r.engine.IsSchemaError(err) {
		if removed := r.engine.LookForTables(); removed != nil {
			return fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrGone, removed)
		}
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r.health.noteRead(classify(r.engine, err))
}

const (
	// pingPatience is short, because readiness probes do not wait long.
	pingPatience = time.Second
	// A check for damage reads the whole database, so there is at most one a minute.
	checkInterval = time.Minute
	longestCheck  = time.Minute
)

var (
	// ErrGone: the database was removed or replaced while it was open.
	ErrGone = errors.New("store: the database is gone")
	// ErrRemoved: somebody removed the tables while the database was open, and may put them back.
	ErrRemoved = errors.New("was removed while it was open; stop the server, and restore a backup")
	// ErrInUse: another server serves the database.
	ErrInUse = errors.New("another Cardea server uses this database")
)

// lookForFiles fails with [ErrGone] if the database is no longer there, and with
// [ErrInUse] if the database is another server's now. Until it is not so any more, transactions
// fail: what they wrote would be lost, or not seen by the other server.
func (db *DB) lookForFiles() error {
	err := db.engine.Gone()
	if err == nil {
		db.health.gone.Store(nil)
		return nil
	}
	if !errors.Is(err, ErrInUse) {
		err = fmt.Errorf("%w: %w", ErrGone, err)
	}
	db.health.gone.Store(&err)
	return err
}

// Ping reports whether the database answers a query and, after a failure, whether it
// works again: [ErrDamaged], [ErrFull], [ErrUnwritable], [ErrGone], [ErrInUse].
func (db *DB) Ping(ctx context.Context) error {
	if err := db.lookForFiles(); err != nil {
		return err
	}
	var one int
	err := db.classify(db.q.QueryRowContext(ctx, `SELECT 1 FROM migrations LIMIT 1`).Scan(&one))
	if err == nil && db.health.damaged.Load() > 0 {
		err = db.checkForDamage(ctx)
	}
	if err != nil || !db.health.unwritable.Load() || db.IsPaused() { // a pause says nothing about the database
		return err
	}
	if err = db.repeat(ctx, pingPatience, db.attemptTx, probe(ctx)); err == nil {
		db.health.unwritable.Store(false) // only here: other transactions may have had nothing to write
	}
	if errors.Is(err, ErrUnavailable) {
		err = fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return err
}

// probe writes a row and removes it. An update that changes nothing would write nothing.
func probe(ctx context.Context) func(tx *Tx) error {
	return func(tx *Tx) error {
		attempt := Attempt{ID: "ping", Counter: []byte("ping"), At: time.Unix(0, 0)}
		if err := tx.AddAttempt(ctx, attempt); err != nil {
			return err
		}
		return tx.DeleteAttempts(ctx, attempt.Counter)
	}
}

// checkForDamage returns what the last check found, or checks again. The check continues
// when the caller has left, so the next caller gets its result.
func (db *DB) checkForDamage(ctx context.Context) error {
	h := &db.health
	if !h.checking.TryLock() {
		return fmt.Errorf("%w (a check is running)", ErrDamaged)
	}
	defer h.checking.Unlock()
	if !h.checked.IsZero() && time.Since(h.checked) < checkInterval {
		return h.found
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestCheck)
	defer cancel()
	known := h.damaged.Load()
	damages, _, err := db.Damages(ctx)
	switch {
	case err != nil:
		h.found = fmt.Errorf("checking for damage: %w", err)
	case len(damages) > 0:
		h.found = fmt.Errorf("%w: %s", ErrDamaged, damages[0])
	case h.damaged.CompareAndSwap(known, 0):
		h.checked, h.found = time.Time{}, nil
		return nil
	default: // met again meanwhile
		h.found = ErrDamaged
	}
	h.checked = time.Now()
	return h.found
}

// QuickCheckInterval is how often [DB.QuickCheck] should be called, besides after a start.
const QuickCheckInterval = 24 * time.Hour

// QuickCheck looks for damage that a plain copy of a running database can have. If there
// is any, [DB.Ping] fails until a check finds none. harmless is as in [DB.Damages]. Error:
// [ErrDamaged].
func (db *DB) QuickCheck(ctx context.Context) (harmless []string, err error) {
	damages, harmless, err := db.QuickDamages(ctx)
	if err == nil && len(damages) > 0 {
		err = fmt.Errorf("%w: %s", ErrDamaged, damages[0])
		db.health.damaged.Add(1)
	}
	return harmless, err
}
