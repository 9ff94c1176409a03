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

// trouble is what has failed, for [DB.Ping] to tell until it is seen to work again.
type trouble struct {
	unwritable atomic.Bool  // for want of space or of the disk, or locked by another process
	damaged    atomic.Int64 // how often damage was met since a look found none

	looking sync.Mutex // held while somebody looks for damage
	looked  time.Time  // when the last look ended; zero: never
	found   error      // by it
}

// noteWrite notes how a transaction has ended.
func (t *trouble) noteWrite(err error) error {
	if errors.Is(err, ErrFull) || errors.Is(err, ErrUnavailable) {
		t.unwritable.Store(true)
	}
	return t.noteRead(err)
}

func (t *trouble) noteRead(err error) error {
	if t != nil && errors.Is(err, ErrDamaged) {
		t.damaged.Add(1)
	}
	return err
}

// classify gives the error of a query its meaning, and notes damage. The queries
// themselves are right, and tested: one that SQLite cannot make sense of has met
// other tables than the migrations made.
func (r reads) classify(err error) error {
	if err == nil {
		return nil
	}
	if isSenseless(err) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r.trouble.noteRead(classify(err))
}

const (
	// pingPatience: whoever asks whether the server is ready does not wait long.
	pingPatience = time.Second
	// A look for damage reads the whole database (20 s for a million people, sessions
	// and pictures on two cores), so there is one a minute at most,
	// while something was damaged.
	lookInterval = time.Minute
	longestLook  = time.Minute
)

// Ping tells whether the database answers a query and, if something failed before,
// whether that works again: [ErrDamaged], [ErrFull], [ErrUnwritable].
func (db *DB) Ping(ctx context.Context) error {
	var one int
	err := db.classify(db.q.QueryRowContext(ctx, `SELECT 1 FROM migrations LIMIT 1`).Scan(&one))
	if err == nil && db.trouble.damaged.Load() > 0 {
		err = db.lookForDamage(ctx)
	}
	if err != nil || !db.trouble.unwritable.Load() {
		return err
	}
	if err = db.tx(ctx, pingPatience, probe(ctx)); err == nil {
		db.trouble.unwritable.Store(false) // only here: most transactions that succeed now had nothing to write
	}
	if errors.Is(err, ErrUnavailable) {
		err = fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return err
}

// probe writes something. An update that changes nothing would write nothing.
func probe(ctx context.Context) func(tx *Tx) error {
	return func(tx *Tx) error {
		try := Try{ID: "ping", Counter: []byte("ping"), At: time.Unix(0, 0)}
		if err := tx.AddTry(ctx, try); err != nil {
			return err
		}
		return tx.DeleteTry(ctx, try.ID)
	}
}

// lookForDamage returns what the last look has found, or looks anew. Who asked may
// be gone before it ends; the next one is told.
func (db *DB) lookForDamage(ctx context.Context) error {
	t := &db.trouble
	if !t.looking.TryLock() {
		return fmt.Errorf("%w (how much, is being looked at)", ErrDamaged)
	}
	defer t.looking.Unlock()
	if !t.looked.IsZero() && time.Since(t.looked) < lookInterval {
		return t.found
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestLook)
	defer cancel()
	known := t.damaged.Load()
	damages, err := db.Damages(ctx)
	switch {
	case err != nil:
		t.found = fmt.Errorf("%w: looking for what is damaged: %w", ErrDamaged, err)
	case len(damages) > 0:
		t.found = fmt.Errorf("%w: %s", ErrDamaged, damages[0])
	case t.damaged.CompareAndSwap(known, 0):
		t.looked, t.found = time.Time{}, nil
		return nil
	default: // met again meanwhile
		t.found = ErrDamaged
	}
	t.looked = time.Now()
	return t.found
}
