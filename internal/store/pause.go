package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrPaused: nothing can be written, because another process is moving the data.
// It is an [ErrUnavailable].
var ErrPaused = fmt.Errorf("%w: writes are paused while cardea move copies the data", ErrUnavailable)

// ErrMoved: nothing can be written, because the data is elsewhere now. It is an [ErrUnavailable].
var ErrMoved = fmt.Errorf("%w: the data was moved", ErrUnavailable)

// Pauser is the part of an [Engine] that keeps all processes from writing.
type Pauser interface {
	// BeginPause begins a transaction. Until it ends, or the process does, nobody else can write,
	// and everybody can read. end also ends what IsPaused sees.
	BeginPause(ctx context.Context) (tx *sql.Tx, end func() error, err error)
	// IsPaused reports whether some process has begun a pause. It is cheap.
	IsPaused(ctx context.Context) (bool, error)
}

// Pause keeps everybody from writing to a database. It ends with the process at the latest.
type Pause struct {
	db    *DB
	tx    *sql.Tx
	end   func() error
	Began time.Time
}

// BeginPause waits for running transactions, and keeps all processes from beginning new ones.
func (db *DB) BeginPause(ctx context.Context) (*Pause, error) {
	began := time.Now()
	tx, end, err := db.engine.BeginPause(ctx)
	if err != nil {
		return nil, db.classify(err)
	}
	return &Pause{db, tx, end, began}, nil
}

// Check fails if the pause has ended, for instance because the connection broke.
func (p *Pause) Check(ctx context.Context) error {
	if _, err := p.tx.ExecContext(ctx, `SELECT 1`); err != nil {
		return fmt.Errorf("the pause was lost, so the copy may lack some writes: %w", p.db.classify(err))
	}
	return nil
}

// End lets everybody write again. A second call does nothing.
func (p *Pause) End() error {
	err := p.tx.Rollback()
	if errors.Is(err, sql.ErrTxDone) {
		err = nil
	}
	return errors.Join(p.db.classify(err), p.end())
}

// leastBeforeFinish is how long a pause lasts before [Pause.Finish]. Then no transaction is left that had
// begun to wait before the pause: they wait no longer than writerPatience.
const leastBeforeFinish = writerPatience + 2*time.Second

// Finish marks the database as moved to another place and ends the pause. From then on, no process
// writes to it, and none opens it. Call [Pause.End] afterwards: it fails if the pause has not ended
// cleanly. Error: [ErrUncertain] if the mark may have been written, or not.
func (p *Pause) Finish(ctx context.Context, to string, now time.Time) error {
	defer func() { _ = p.end() }() // End reports it
	timer := time.NewTimer(time.Until(p.Began.Add(leastBeforeFinish)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := p.tx.ExecContext(ctx, `INSERT INTO marks (name, at) VALUES ($1, $2)`, markMovedTo+to, micros(now))
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return p.db.classify(err)
	}
	if err := p.tx.Commit(); err != nil {
		return p.db.commitError(err)
	}
	return nil
}

// Marks of moves. The rest of their names is a place.
const (
	markFilledFrom = moveMarks + "from "
	markMovedTo    = moveMarks + "to "
	afterMoveMarks = "move;" // the first name after all of them
)

// MoveState says whether a database is about to be filled, or was moved away.
type MoveState struct {
	FilledFrom string // not empty: the rows of that place are being copied here, or that was cut off
	MovedTo    string // not empty: the rows were moved to that place, and those here are out of date
	At         time.Time
}

// MoveState returns what the marks say.
func (db *DB) MoveState(ctx context.Context) (state MoveState, err error) {
	var name string
	err = db.classify(db.q.QueryRowContext(ctx, `SELECT name, at FROM marks WHERE name >= $1 AND name < $2 ORDER BY name DESC LIMIT 1`,
		moveMarks, afterMoveMarks).Scan(&name, instant{&state.At}))
	if errors.Is(err, ErrNotFound) {
		return MoveState{}, nil
	}
	if from, ok := strings.CutPrefix(name, markFilledFrom); ok {
		state.FilledFrom = from
	} else if to, ok := strings.CutPrefix(name, markMovedTo); ok {
		state.MovedTo = to
	}
	return state, err
}

// MarkFilling marks a database that is about to be filled with the rows of a place.
func (db *DB) MarkFilling(ctx context.Context, from string, now time.Time) error {
	return db.Tx(ctx, func(tx *Tx) error { return tx.SetMark(ctx, Mark(markFilledFrom+from), now) })
}

// UnmarkMove removes the marks of moves: the database can be used as any other.
func (db *DB) UnmarkMove(ctx context.Context) error {
	return db.repeat(ctx, db.patience, db.attemptTx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `DELETE FROM marks WHERE name >= $1 AND name < $2`, moveMarks, afterMoveMarks)
		return err
	})
}

// IsPaused reports whether writes were paused at the last look, see [DB.NoticeOthers].
func (db *DB) IsPaused() bool { return db.health.paused.Load() }

// Unpaused returns a background job that does nothing during a pause, when it could only fail.
func (db *DB) Unpaused(job func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if db.IsPaused() {
			return nil
		}
		return job(ctx)
	}
}

// pauseLookPatience is short, because the transaction itself may have to wait, too.
const pauseLookPatience = time.Second

// refusePaused fails with [ErrPaused] during a pause, and with [ErrMoved] after a move. It checks the
// database unless the last check is younger than trust.
func (db *DB) refusePaused(ctx context.Context, trust time.Duration) error {
	if time.Since(time.UnixMicro(db.health.lookedForPause.Load())) >= trust {
		db.lookForPause(ctx)
	}
	if moved := db.health.moved.Load(); moved != nil {
		return fmt.Errorf("%w to %s", ErrMoved, *moved)
	}
	if db.health.paused.Load() {
		return ErrPaused
	}
	return nil
}

// lookForPause looks whether another process keeps this one from writing. If that cannot be seen
// soon, the transaction will tell.
func (db *DB) lookForPause(ctx context.Context) {
	defer measureWait(ctx)()
	ctx, cancel := context.WithTimeout(ctx, pauseLookPatience)
	defer cancel()
	isPaused, err := db.engine.IsPaused(ctx)
	if err != nil {
		return
	}
	db.health.paused.Store(isPaused)
	if state, err := db.MoveState(ctx); err == nil {
		db.health.moved.Store(nil)
		if state.MovedTo != "" {
			db.health.moved.Store(&state.MovedTo)
		}
		db.health.lookedForPause.Store(time.Now().UnixMicro())
	}
}
