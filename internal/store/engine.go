package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Engine is what differs between databases. The queries are the same for all of them.
// A folder below this package implements it, such as store/sqlite. Methods that take a
// context may return errors of the driver as they are: the caller classifies them.
type Engine interface {
	Copier
	Pauser

	// Classify gives an error of the driver its meaning by its code, never by its text.
	// It wraps the error in one of this package's errors, or returns it unchanged.
	Classify(err error) error
	// IsRetryable reports whether a transaction that failed with err before its commit may
	// succeed when it is run again, because the failure came from another one, or from a
	// connection that broke.
	IsRetryable(err error) bool
	// IsRefused reports whether a commit that failed with err has changed nothing for
	// certain, and the transaction may succeed when it is run again.
	IsRefused(err error) bool
	// Doubt is called when a commit failed in a way that leaves open whether it takes place.
	// Until that is known, this process's changes count as others', see ChangedByOthers.
	Doubt()
	// IsSchemaError reports whether err says that a table or column does not exist or
	// has another type.
	IsSchemaError(err error) bool

	// TxOptions say how a transaction begins that writes. Those of all processes behave as if
	// they ran one after the other. Nil: they do so anyway.
	TxOptions() *sql.TxOptions

	// Migrations returns the files NNNN_name.sql that make the tables.
	Migrations() fs.FS
	// BeginMigration begins a transaction that holds a lock on the schema: two processes
	// that start at the same time migrate one after the other.
	BeginMigration(ctx context.Context) (*sql.Tx, error)
	// CopyAside is called before a database with data is migrated. It keeps a copy of
	// it, unless that is the operator's task.
	CopyAside(ctx context.Context) error

	// ChangedByOthers reports whether another process may have committed a change since
	// the last call. It is true if that is unknown, for instance after a call that failed.
	ChangedByOthers(ctx context.Context) (bool, error)

	// Gone returns an error if the database that is open is no longer the one that a new
	// process would open, because its files were removed or replaced, [ErrRemoved] if its tables
	// were, or [ErrInUse] if another server serves the database now. It is cheap.
	Gone() error
	// LookForTables is called after a schema error. It returns [ErrRemoved] if the tables are missing.
	// Then Gone returns that, too, until ChangedByOthers has found the tables again.
	LookForTables() error
	// Damages lists the faults of the schema, the data and the references between rows.
	// harmless describes how the schema differs where Cardea works all the same. Both have one
	// sentence each, at most 100.
	Damages(ctx context.Context) (damages, harmless []string, err error)
	// QuickDamages is Damages without comparing indexes with tables, which takes most of
	// the time.
	QuickDamages(ctx context.Context) (damages, harmless []string, err error)
	// Size is how many bytes the database takes up; 0 if unknown.
	Size(ctx context.Context) int64

	// Close closes both pools. It fails if what was read may be inconsistent.
	Close() error
}

// Pools are an engine's connections.
type Pools struct {
	Writer   *sql.DB
	Reader   *sql.DB // its connections cannot write, except through pgbouncer
	ReadOnly bool    // the writer's cannot write either
	// LongestRead is how long a read may take until its first row, with the wait for a connection;
	// 0: any time.
	LongestRead time.Duration
	// Prepares: every statement that reads is prepared once for each of Reader's connections,
	// because the driver does not do that by itself.
	Prepares bool
}

// Open brings the tables of a database up to date and returns it. It closes the
// engine when it fails. Programs call Open of a package such as store/sqlite.
func Open(ctx context.Context, engine Engine, pools Pools) (*DB, error) {
	if err := migrate(ctx, engine); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return newDB(engine, pools), nil
}

// OpenExisting returns a database that is up to date, and does not change it. It
// closes the engine when it fails. Errors: [ErrOlder], [ErrNewer].
func OpenExisting(ctx context.Context, engine Engine, pools Pools) (*DB, error) {
	if err := checkMigrated(ctx, engine, pools.Writer); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return newDB(engine, pools), nil
}

func newDB(engine Engine, pools Pools) *DB {
	db := &DB{pools: pools, patience: writerPatience, changes: newChanges()}
	var reader querier = pools.Reader
	if pools.Prepares {
		reader = &prepared{db: pools.Reader}
	}
	db.patient = &patient{querier: reader, engine: engine, longest: pools.LongestRead}
	db.reads = reads{db.patient, engine, &db.health}
	return db
}

// classify gives any error of database/sql or a driver its meaning.
func classify(engine Engine, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return engine.Classify(err)
}
