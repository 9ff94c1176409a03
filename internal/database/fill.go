package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/cardea-accounts/cardea/internal/durable"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/postgres"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

var (
	// ErrFilling means that the rows of another database, or of a backup, are being copied to this
	// one, or that such a copy was cut off.
	ErrFilling = errors.New("a move or restore to this database is running, or was cut off")
	// ErrMoved means that the rows were moved to another database.
	ErrMoved = errors.New("the data was moved from this database")
	// ErrNotEmpty means that a database cannot be filled, because it already has rows.
	ErrNotEmpty = errors.New("already has data, so nothing was changed")
)

// refuseMark fails with [ErrFilling] or [ErrMoved] if a mark says that a database must not be used.
func (p Place) refuseMark(ctx context.Context, db *store.DB) error {
	state, err := db.MoveState(ctx)
	switch {
	case err != nil:
		return inDatabase(err)
	case state.FilledFrom != "":
		return fmt.Errorf("%w: %v, from %s; wait for it or, if it was cut off, run the same move or restore again", ErrFilling, p, state.FilledFrom)
	case state.MovedTo != "":
		return fmt.Errorf("%w: %v was moved on %s and is out of date; the data is in %s, which the setting database must name. "+
			"To use the old data anyway, run cardea move --undo with the old settings", ErrMoved, p, state.At.UTC().Format("2006-01-02 15:04:05Z"), state.MovedTo)
	}
	return nil
}

// orFilling turns an [ErrInUse] into an [ErrFilling] if a move or a restore uses the database, not
// a server. It returns other errors unchanged.
func (p Place) orFilling(ctx context.Context, err error) error {
	if !errors.Is(err, ErrInUse) {
		return err
	}
	timed, cancel := context.WithTimeout(ctx, markTime)
	defer cancel()
	if state, unread := p.MoveState(timed); unread == nil && state.FilledFrom != "" {
		return fmt.Errorf("%w: %v, from %s; wait until it has ended", ErrFilling, p, state.FilledFrom)
	}
	return err
}

// markTime limits how long to wait for the mark of a database that is in use.
const markTime = 3 * time.Second

// LockServer takes the lock of the server, so none can start. Error: [ErrInUse] if one runs.
func (p Place) LockServer(ctx context.Context) (io.Closer, error) {
	if p.server == nil {
		return p.Lock()
	}
	lock, err := postgres.Lock(ctx, *p.server, "serve")
	if errors.Is(err, postgres.ErrInUse) {
		return nil, fmt.Errorf("%w: %v%s; stop it first", ErrInUse, p, heldBy(err))
	}
	return lock, err
}

// Absolute returns a name of the database that means the same to all processes.
func (p Place) Absolute() string {
	if p.server != nil {
		return p.String()
	}
	path, err := filepath.Abs(p.Database)
	if err != nil {
		return p.Database
	}
	return path
}

// Filling is a database to which this process copies rows. All others refuse to use it until
// [Filling.Finish].
type Filling struct {
	DB        *store.DB
	place     Place
	lock      io.Closer
	made      made
	wasFilled bool // an earlier Fill was cut off
}

// made says what Fill created on a server.
type made struct{ tables, schema bool }

// Fill opens a database to copy rows to it, and creates it if it is missing. from names the source.
// The database must have no rows, except those of an earlier Fill from the same source that was cut
// off: Fill removes them. Errors: [ErrInUse], [ErrNotEmpty], [ErrFilling] if it is being filled from
// another source, or by another process.
func (p Place) Fill(ctx context.Context, from string, now time.Time) (*Filling, error) {
	if p.server == nil {
		if err := durable.MkdirAll(filepath.Dir(p.Database)); err != nil {
			return nil, fmt.Errorf("cannot create the folder of %v: %w", p, err)
		}
	}
	lock, err := p.lockToFill(ctx)
	if err != nil {
		return nil, p.orFilling(ctx, err)
	}
	f := &Filling{place: p, lock: lock}
	found, err := p.look(ctx)
	if err == nil {
		f.DB, err = p.openToFill(ctx, found.Tables)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := f.prepare(ctx, from, now); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// Only now. Until then, tables in the schema may be another program's.
	f.made = made{tables: p.server != nil && !found.Tables, schema: !found.Schema}
	return f, nil
}

// lockToFill is LockServer. It waits a moment for PostgreSQL to notice that an earlier Fill has ended,
// as when it was killed or its network failed.
func (p Place) lockToFill(ctx context.Context) (io.Closer, error) {
	for deadline := time.Now().Add(noticeTime); ; {
		lock, err := p.LockServer(ctx)
		if p.server == nil || !errors.Is(err, ErrInUse) || time.Now().After(deadline) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// noticeTime is how long PostgreSQL may take to notice that a client is gone.
const noticeTime = 2 * time.Second

// openToFill opens a database. It creates the tables if there are none. If that fails, for example
// because of another program's tables, nothing is created.
func (p Place) openToFill(ctx context.Context, hasTables bool) (db *store.DB, err error) {
	switch {
	case p.server != nil && hasTables:
		db, err = postgres.OpenExisting(ctx, *p.server)
	case p.server != nil:
		db, err = postgres.Open(ctx, *p.server)
	case hasTables:
		db, err = sqlite.OpenExisting(ctx, p.Database)
	default:
		db, err = sqlite.Open(ctx, p.Database)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use %v: %w", p, err)
	}
	return db, nil
}

// prepare marks a database as being filled. If an earlier Fill was cut off, it removes its rows.
func (f *Filling) prepare(ctx context.Context, from string, now time.Time) error {
	state, err := f.DB.MoveState(ctx)
	if err != nil {
		return err
	}
	if state.MovedTo != "" || state.FilledFrom != "" && state.FilledFrom != from {
		return f.place.refuseMark(ctx, f.DB)
	}
	if state.FilledFrom == from {
		f.wasFilled = true
		return f.DB.RemoveAll(ctx)
	}
	isUnused, err := f.DB.IsUnused(ctx)
	if err == nil && !isUnused {
		err = fmt.Errorf("%v %w. Name another place, or empty this one", f.place, ErrNotEmpty)
	}
	if err != nil {
		return err
	}
	return f.DB.MarkFilling(ctx, from, now)
}

// Resume opens a database that was filled from a source, and keeps its rows. It returns nil if the
// filling is finished. Errors: [ErrNoData]; [ErrInUse] if a server tries to use the database, or
// another process is finishing it.
func (p Place) Resume(ctx context.Context, from string) (*Filling, error) {
	db, err := p.openExisting(ctx, noPictures)
	if err != nil {
		return nil, err
	}
	state, err := db.MoveState(ctx)
	if err == nil && state.FilledFrom != "" && state.FilledFrom != from {
		err = p.refuseMark(ctx, db)
	}
	if err != nil || state.FilledFrom == "" {
		return nil, errors.Join(err, db.Close())
	}
	lock, err := p.LockServer(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the move to %v is not complete: %w", p, err), db.Close())
	}
	return &Filling{DB: db, place: p, lock: lock}, nil
}

// MoveState returns the marks of moves. It opens the database for a moment.
func (p Place) MoveState(ctx context.Context) (state store.MoveState, err error) {
	db, err := p.openExisting(ctx, noPictures)
	if err != nil {
		return state, err
	}
	state, err = db.MoveState(ctx)
	return state, errors.Join(err, db.Close())
}

func noPictures() (bool, error) { return false, nil }

// Finish lets servers and commands use the database.
func (f *Filling) Finish(ctx context.Context) error { return f.DB.UnmarkMove(ctx) }

// Close closes the database and releases its lock. Without [Filling.Finish], others refuse it.
func (f *Filling) Close() error { return errors.Join(f.DB.Close(), f.lock.Close()) }

// Discard removes the copied rows, and the tables and the schema if Fill created them, and closes the
// database. If an earlier Fill was cut off, its mark stays. After an error, the mark of this Fill
// stays, too.
func (f *Filling) Discard(ctx context.Context) error {
	if f.made.tables {
		return errors.Join(f.DB.Close(), postgres.Drop(ctx, *f.place.server, f.made.schema), f.lock.Close())
	}
	err := f.DB.RemoveAll(ctx)
	if err == nil && !f.wasFilled {
		err = f.DB.UnmarkMove(ctx)
	}
	return errors.Join(err, f.Close())
}

// Undo removes the mark of a move, so the old data can be used again. It returns where the data was
// moved to; empty: the database had no mark. Errors: [ErrNoData], [ErrInUse].
func (p Place) Undo(ctx context.Context) (movedTo string, err error) {
	db, err := p.openExisting(ctx, noPictures)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := p.LockServer(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	state, err := db.MoveState(ctx)
	if err != nil || state.MovedTo == "" {
		return "", err
	}
	return state.MovedTo, db.UnmarkMove(ctx)
}
