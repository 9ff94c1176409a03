// Package sqlite is the store's engine for SQLite: one file, one connection that writes,
// a pool that reads, and a write-ahead log between them.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/cardea-accounts/cardea/internal/durable"
	"github.com/cardea-accounts/cardea/internal/store"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// engine implements [store.Engine].
type engine struct {
	path       string
	pools      store.Pools
	migrations fs.FS
	// lastWrite is what ChangedByOthers saw.
	lastWrite atomic.Pointer[lastWrite]
	files     files // see Gone
	// unchanged is asked by Close, see watchFile; nil: nothing to ask.
	unchanged func() error
}

var (
	_ store.Engine      = (*engine)(nil)
	_ store.Snapshotter = (*engine)(nil)
)

// Open opens the database file at path and brings its tables up to date. If the file
// does not exist, Open creates it, readable by its owner only.
func Open(ctx context.Context, path string) (*store.DB, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	e, err := newEngine(path, writerDSN(path), readerDSN(path))
	if err != nil {
		return nil, err
	}
	db, err := e.open(ctx, store.Open)
	if err == nil {
		_ = removeUnfinished(path) // what is left takes only space
	}
	return db, err
}

// OpenExisting opens a database file that exists and is up to date, and does not change
// it. Commands use it while a server runs. Errors: those of the file system if the file
// does not exist; [store.ErrOlder], [store.ErrNewer].
func OpenExisting(ctx context.Context, path string) (*store.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if onReadOnlyMedium(path) {
		return openReadOnly(ctx, path)
	}
	e, err := newEngine(path, writerDSN(path), readerDSN(path))
	if err != nil {
		return nil, err
	}
	return e.open(ctx, store.OpenExisting)
}

// newEngine opens no connection yet.
func newEngine(path, writerDSN, readerDSN string) (*engine, error) {
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	writer, err := sql.Open(driverName, writerDSN)
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time; the pool's queue is fairer than its busy handler.
	writer.SetMaxOpenConns(1)
	writer.SetConnMaxIdleTime(0)
	reader, err := sql.Open(driverName, readerDSN)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(maxReaders())
	reader.SetMaxIdleConns(maxReaders())
	return &engine{path: path, pools: store.Pools{Writer: writer, Reader: reader, Prepares: true}, migrations: migrations}, nil
}

// open makes a DB of the engine with [store.Open] or [store.OpenExisting].
func (e *engine) open(ctx context.Context, open func(context.Context, store.Engine, store.Pools) (*store.DB, error)) (*store.DB, error) {
	db, err := open(ctx, e, e.pools)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", e.path, err), unusable(e.path))
	}
	if err := e.Gone(); err != nil { // remembers the files
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// createPrivate creates the database file before SQLite does, because SQLite would make
// it readable by everyone. SQLite's files beside it inherit the mode.
func createPrivate(path string) error {
	_, missing := os.Stat(path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil || missing == nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(path))
}

// Migrations implements [store.Engine].
func (e *engine) Migrations() fs.FS { return e.migrations }

// TxOptions implements [store.Engine]: there is one writer at a time.
func (*engine) TxOptions() *sql.TxOptions { return nil }

// Snapshot is one long reading transaction (https://sqlite.org/lang_vacuum.html#vacuuminto).
func (e *engine) Snapshot(ctx context.Context, path string) error {
	_, err := e.pools.Writer.ExecContext(ctx, `VACUUM INTO $1`, path)
	return err
}

// Size is that of the file and its write-ahead log.
func (e *engine) Size(context.Context) (bytes int64) {
	for _, path := range []string{e.path, e.path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}

// Close implements [store.Engine].
func (e *engine) Close() error {
	err := errors.Join(e.pools.Reader.Close(), e.pools.Writer.Close())
	if e.unchanged != nil {
		err = errors.Join(err, e.unchanged())
	}
	return err
}

// unusable says which of a database's files cannot be opened, and why. SQLite names none
// of them. It must not be called while this process has the database open.
func unusable(path string) (err error) {
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if !exists(file) {
			continue
		}
		f, openErr := os.OpenFile(file, os.O_RDWR, 0) //nolint:gosec // the operator names the file
		if openErr != nil {
			err = errors.Join(err, openErr)
			continue
		}
		_ = f.Close() // nothing was written
	}
	return err
}
