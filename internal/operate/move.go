package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
)

// MoveOptions say where data is moved to. At least one of Database and Storage must be set.
type MoveOptions struct {
	Database *database.Place // nil: the rows stay
	Storage  string          // a folder or bucket; empty: the pictures stay
	Progress Progress
	// Copied is called when everything is copied and compared. Move then keeps writes paused, and
	// waits until the server has stopped.
	Copied func(Moved)

	targetPatience time.Duration // 0: as long as usual
}

// Moved says what was moved.
type Moved struct {
	Users, Sessions, Pictures int64
	Rows                      int64         // of all tables; 0: they stay
	Files                     int64         // of pictures and crops; 0: they stay
	Replaced                  int64         // texts with bytes that the database cannot keep, see [store.Copied]
	Took                      time.Duration // until everything was copied and compared
	Paused                    time.Duration // the part of Took during which writes were paused
}

// Move moves the rows to another database, the pictures to another storage, or both. A server may
// serve the data during most of it. Move copies the existing pictures first. Then it pauses writes,
// and copies the rows and any newer pictures. It reads everything back from the target and compares
// it. It keeps writes paused until the server has stopped, and marks the old database as moved. So
// every write is in the copy.
//
// Until that mark, the old data is unchanged, and servers and commands refuse the target. If Move
// fails or is killed, the pause ends. A second Move to the same target removes what the first one
// left there. Errors: [database.ErrNotEmpty], [database.ErrInUse] and [storage.ErrNotEmpty], if the
// target is in use; [storage.ErrTaken], if another Move to the same storage begins;
// [datadir.ErrImporting]; [UnfinishedError].
func (d *Data) Move(ctx context.Context, opt MoveOptions) (moved Moved, err error) {
	lock, err := d.place.LockImport(ctx) // keeps imports, which would fail half-way, and a second Move away
	if err != nil {
		return Moved{}, err
	}
	m := &move{Data: d, opt: opt, began: time.Now()}
	defer func() {
		closing := errors.Join(m.close(err != nil), lock.Close())
		if err == nil && closing != nil {
			closing = fmt.Errorf("the data is moved completely and can be used, but a connection or lock did not end cleanly: %w", closing)
		}
		err = errors.Join(inWords(tryLater(err)), closing)
	}()
	if err := m.openTarget(ctx); err != nil {
		return Moved{}, err
	}
	if err := m.copyPicturesAhead(ctx); err != nil {
		return Moved{}, err
	}
	if m.pause, err = d.db.BeginPause(ctx); err != nil {
		return Moved{}, fmt.Errorf("cannot pause writes: %w", err)
	}
	if err := m.copyAndAwait(ctx); err != nil {
		return Moved{}, err
	}
	return m.moved, m.finish(ctx)
}

// copyAndAwait copies the rest during the pause, and waits until the server has stopped. It gives up
// with a [silentError] if the target database stops answering.
func (m *move) copyAndAwait(ctx context.Context) (err error) {
	ctx, end := m.watchTarget(ctx)
	defer func() {
		if silent, ok := errors.AsType[silentError](context.Cause(ctx)); ok && err != nil {
			err = silent
		}
		end()
	}()
	if err := m.copyRest(ctx); err != nil {
		return err
	}
	m.moved.Took, m.moved.Paused = time.Since(m.began), time.Since(m.pause.Began)
	if m.opt.Copied != nil {
		m.opt.Copied(m.moved)
	}
	m.server, err = m.awaitServer(ctx)
	return err
}

// move is a move in progress.
type move struct {
	*Data
	opt     MoveOptions
	began   time.Time
	filling *database.Filling // nil: the rows stay
	files   *movedFiles       // nil: the pictures stay
	pause   *store.Pause
	watch   targetWatch
	server  io.Closer // the lock of the server that was stopped
	moved   Moved
}

// source names the data for the marks of the target.
func (m *move) source() string { return m.place.Absolute() }

// openTarget opens the database first: if it is refused, nothing in the storage is removed.
func (m *move) openTarget(ctx context.Context) (err error) {
	m.opt.Progress.report("looking at the target", 0, 0)
	if err := m.refuseTarget(ctx); err != nil {
		return err
	}
	if m.opt.Database != nil {
		if m.filling, err = m.opt.Database.Fill(ctx, m.source(), m.Data.opt.Now()); err != nil {
			return err
		}
	}
	if to := m.opt.Storage; to != "" {
		target, err := storage.Fill(ctx, to, m.source())
		if err != nil {
			return errors.Join(err, m.discardDatabase(context.WithoutCancel(ctx)))
		}
		m.files = &movedFiles{from: m.pictures, to: target, known: map[string]bool{}}
	}
	return nil
}

// discardDatabase leaves the target database as it was.
func (m *move) discardDatabase(ctx context.Context) error {
	filling := m.filling
	if filling == nil {
		return nil
	}
	m.filling = nil
	return filling.Discard(ctx)
}

// copyPicturesAhead copies most of the pictures before the pause.
func (m *move) copyPicturesAhead(ctx context.Context) error {
	if m.files == nil {
		return nil
	}
	counts, err := m.db.Counts(ctx)
	if err != nil {
		return err
	}
	return m.files.copyAll(ctx, m.db, false, func(done int64) { m.opt.Progress.report("copying pictures", done, counts.Pictures) })
}

// copyRest copies the rows and the newer pictures. Writes are paused, so nothing changes any more.
func (m *move) copyRest(ctx context.Context) (err error) {
	reading, err := m.db.BeginReading(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reading.Close()) }()
	counts, err := m.db.Counts(ctx)
	if err != nil {
		return err
	}
	m.moved.Users, m.moved.Sessions, m.moved.Pictures = counts.Users, counts.Sessions, counts.Pictures
	if m.filling != nil {
		copied, err := copyRows(ctx, reading, m.filling.DB, func(what string, done, total int64) {
			m.watch.note()
			m.opt.Progress.report(what, done, total)
		})
		if err != nil {
			return err
		}
		m.moved.Rows, m.moved.Replaced = copied.Rows(), copied.Replaced
	}
	if m.files != nil {
		err := m.files.copyAll(ctx, reading, true, func(done int64) {
			m.watch.note()
			m.opt.Progress.report("copying new pictures", done, counts.Pictures)
		})
		if err != nil {
			return err
		}
		if m.moved.Files, err = m.files.removeOthers(ctx); err != nil {
			return err
		}
		if err := m.files.to.CheckOwner(ctx); err != nil {
			return err
		}
	}
	return m.pause.Check(ctx)
}

// serverInterval is how often Move checks whether the server has stopped. On PostgreSQL, each check is
// a new connection.
const serverInterval = time.Second

// awaitServer waits until no server runs, and takes the lock that keeps servers from starting. While
// the pause lasts, an outage of the source's database server does not end the wait.
func (m *move) awaitServer(ctx context.Context) (io.Closer, error) {
	tick := time.NewTicker(serverInterval)
	defer tick.Stop()
	for {
		lock, err := m.place.LockServer(ctx)
		waits := "writes are paused; waiting until the server has stopped"
		switch {
		case errors.Is(err, database.ErrInUse):
		case err == nil, !m.place.IsServer():
			return lock, err
		default:
			waits += fmt.Sprintf("; cannot check at the moment: %v", err)
		}
		if err := m.pause.Check(ctx); err != nil {
			return nil, err
		}
		m.opt.Progress.report(waits, 0, 0)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// close ends the pause, and releases the target and the server's lock. If the move has failed, an
// error of the target would say nothing new.
func (m *move) close(hasFailed bool) (err error) {
	if m.pause != nil {
		err = m.pause.End()
	}
	if m.filling != nil {
		if closing := m.filling.Close(); !hasFailed {
			err = errors.Join(err, closing)
		}
	}
	if m.server != nil {
		err = errors.Join(err, m.server.Close())
	}
	return err
}
