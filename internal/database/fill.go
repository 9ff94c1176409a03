package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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

// made says what Fill created, because it was missing.
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
	lock, err := p.LockServer(ctx)
	if err != nil {
		return nil, p.orFilling(ctx, err)
	}
	f := &Filling{place: p, lock: lock}
	if f.made, err = p.missing(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	f.DB, err = p.openToFill(ctx)
	if err == nil {
		err = f.prepare(ctx, from, now)
	}
	if err != nil {
		return nil, errors.Join(err, f.close(context.WithoutCancel(ctx)))
	}
	return f, nil
}

// missing says what Fill has to create on a server.
func (p Place) missing(ctx context.Context) (m made, err error) {
	if p.server == nil {
		return made{}, nil
	}
	hasTables, err := postgres.HasTables(ctx, *p.server)
	if err != nil || hasTables {
		return made{}, err
	}
	hasSchema, err := postgres.HasSchema(ctx, *p.server)
	return made{tables: true, schema: !hasSchema}, err
}

// openToFill opens a database. It creates tables only if there are none.
func (p Place) openToFill(ctx context.Context) (*store.DB, error) {
	exists, err := p.hasTables(ctx)
	var db *store.DB
	switch {
	case err != nil:
	case p.server != nil && exists:
		db, err = postgres.OpenExisting(ctx, *p.server)
	case p.server != nil:
		db, err = postgres.Open(ctx, *p.server)
	case exists:
		db, err = sqlite.OpenExisting(ctx, p.Database)
	default:
		db, err = sqlite.Open(ctx, p.Database)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use %v: %w", p, err)
	}
	return db, nil
}

func (p Place) hasTables(ctx context.Context) (bool, error) {
	if p.server != nil {
		return postgres.HasTables(ctx, *p.server)
	}
	info, err := os.Stat(p.Database)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Size() > 0, err
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
// filling is finished.
func (p Place) Resume(ctx context.Context, from string) (*Filling, error) {
	lock, err := p.LockServer(ctx)
	if errors.Is(err, ErrInUse) {
		return nil, nil //nolint:nilnil // a server would refuse a database that is not finished
	}
	if err != nil {
		return nil, err
	}
	db, err := p.openToFill(ctx)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	f := &Filling{DB: db, place: p, lock: lock}
	state, err := db.MoveState(ctx)
	if err == nil && state.FilledFrom != "" && state.FilledFrom != from {
		err = p.refuseMark(ctx, db)
	}
	if err != nil || state.FilledFrom == "" {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// MoveState returns the marks of moves. It opens the database for a moment.
func (p Place) MoveState(ctx context.Context) (state store.MoveState, err error) {
	db, err := p.openExisting(ctx, func() (bool, error) { return false, nil })
	if err != nil {
		return state, err
	}
	state, err = db.MoveState(ctx)
	return state, errors.Join(err, db.Close())
}

// Finish lets servers and commands use the database.
func (f *Filling) Finish(ctx context.Context) error { return f.DB.UnmarkMove(ctx) }

// Close closes the database and releases its lock. Without [Filling.Finish], others refuse it.
func (f *Filling) Close() error { return errors.Join(f.DB.Close(), f.lock.Close()) }

// Discard removes the copied rows, and the tables and the schema if Fill created them, and closes the
// database. If an earlier Fill was cut off, its mark stays. After an error, the mark of this Fill
// stays, too.
func (f *Filling) Discard(ctx context.Context) error {
	if f.made.tables {
		return f.close(ctx)
	}
	err := f.DB.RemoveAll(ctx)
	if err == nil && !f.wasFilled {
		err = f.DB.UnmarkMove(ctx)
	}
	return errors.Join(err, f.Close())
}

// close closes the database, and removes the tables and the schema if Fill created them on a server.
func (f *Filling) close(ctx context.Context) (err error) {
	if f.DB != nil {
		err = f.DB.Close()
	}
	if f.made.tables {
		err = errors.Join(err, postgres.Drop(ctx, *f.place.server, f.made.schema))
	}
	return errors.Join(err, f.lock.Close())
}

// Undo removes the mark of a move, so the old data can be used again. It returns where the data was
// moved to; empty: the database had no mark. Error: [ErrNoData] if there is no database.
func (p Place) Undo(ctx context.Context) (movedTo string, err error) {
	lock, err := p.LockServer(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if exists, err := p.hasTables(ctx); err != nil || !exists {
		return "", errors.Join(ErrNoData, err)
	}
	db, err := p.openToFill(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	state, err := db.MoveState(ctx)
	if err != nil || state.MovedTo == "" {
		return "", err
	}
	return state.MovedTo, db.UnmarkMove(ctx)
}
