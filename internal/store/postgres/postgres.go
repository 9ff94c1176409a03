// Package postgres is the store's engine for PostgreSQL 15 and later. It has a pool of connections
// that write and one of those that read, and a schema of its own in a database that may have others.
// A server has a third pool, see watching.
//
// Transactions are serializable, so the store's rules need no locks. The store runs conflicting
// transactions again. Reads are single statements on the second pool, whose connections cannot write.
// Through pgbouncer in transaction mode, connections have no settings of their own. Then those of the
// second pool could write, no statements are prepared, and timeouts are left to pgbouncer.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cardea-accounts/cardea/internal/store"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// engine implements [store.Engine].
type engine struct {
	address    Address
	pools      store.Pools
	watcher    *sql.DB // for the claim, and for looks at changes by others; a command's writer
	migrations fs.FS
	tables     map[string]bool // names
	others     others
	bound      *bound
	isPooled   bool          // through pgbouncer
	claim      *claim        // nil: the process is a command, not a server
	patience   time.Duration // with another process that migrates
}

var _ store.Engine = (*engine)(nil)

// Open opens a database and brings its tables up to date. It creates the schema if it is missing.
// For that, the role needs the right to create one. Several processes may call Open at once.
func Open(ctx context.Context, address Address) (*store.DB, error) {
	return open(ctx, address, store.Open)
}

// OpenExisting opens a database that is up to date. It changes nothing. Errors: [ErrNoTables],
// [store.ErrOlder], [store.ErrNewer].
func OpenExisting(ctx context.Context, address Address) (*store.DB, error) {
	return open(ctx, address, store.OpenExisting)
}

// Serve is [Open] for a server. There can be only one for each database: it fails with [ErrInUse]
// if there is another. If the connection that holds the claim breaks, and another server takes the
// claim, this server stops writing.
func Serve(ctx context.Context, address Address) (*store.DB, error) { return serve(ctx, address, turn) }

// serve is Serve, in which the claim changes hands after a turn.
func serve(ctx context.Context, address Address, turn time.Duration) (*store.DB, error) {
	e, err := newEngine(ctx, address, watching)
	if err != nil {
		return nil, err
	}
	if e.claim, err = takeClaim(ctx, e, turn); err != nil {
		return nil, errors.Join(explain(address, err), e.Close())
	}
	e.pools.LongestRead = store.RequestPatience
	db, err := store.Open(ctx, e, e.pools)
	e.bound.isSet.Store(true) // the tables are up to date
	return db, explain(address, err)
}

func open(ctx context.Context, address Address, with func(context.Context, store.Engine, store.Pools) (*store.DB, error)) (*store.DB, error) {
	e, err := newEngine(ctx, address, 0)
	if err != nil {
		return nil, err
	}
	db, err := with(ctx, e, e.pools)
	return db, explain(address, err)
}

// watching is how many of a server's connections keep the claim and look for changes by others. One
// holds the claim. The other one looks, or is the next to hold the claim. No writer gets them, so
// writers cannot hold up either.
const watching = 2

// newEngine connects once, to find out whether the database can be used, and makes the pools. reserved
// is how many of the connections are for watching: 0 for a command.
func newEngine(ctx context.Context, address Address, reserved int) (*engine, error) {
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	isPooled, err := probe(ctx, address)
	if err != nil {
		return nil, explain(address, err)
	}
	names, err := tableNames(migrations)
	if err != nil {
		return nil, err
	}
	texts := &texts{schema: address.quoted(), tables: names}
	writer, reader := address.config.Copy(), address.config.Copy()
	if isPooled {
		forPooler(writer)
		forPooler(reader)
	} else {
		withTimeouts(writer)
		withTimeouts(reader)
		reader.RuntimeParams["default_transaction_read_only"] = "on"
		reader.ValidateConnect = nil // it may want read-write connections, which these are not
	}
	for _, config := range []*pgx.ConnConfig{writer, reader} {
		if config.ValidateConnect == nil {
			config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
		}
	}
	bound := &bound{}
	e := &engine{address: address, migrations: migrations, tables: names, others: others{process: address.process()}, bound: bound, isPooled: isPooled, patience: migrationPatience}
	rest := address.connections - reserved
	e.pools.Writer = newPool(writer, texts, bound, address, rest/2)
	e.pools.Reader = newPool(reader, texts, bound, address, rest-rest/2)
	e.watcher = e.pools.Writer
	if reserved > 0 {
		e.watcher = newPool(writer, texts, bound, address, reserved)
	}
	return e, nil
}

// Found says what there is at an address.
type Found struct {
	Schema bool // with or without tables
	Tables bool // in the schema is a table migrations, as Cardea creates it first
}

// Look reports whether the schema and Cardea's tables exist.
func Look(ctx context.Context, address Address) (found Found, err error) {
	pool, err := onePool(ctx, address)
	if err != nil {
		return Found{}, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	err = pool.QueryRowContext(ctx, `SELECT to_regnamespace($1) IS NOT NULL, to_regclass($1 || '.migrations') IS NOT NULL`, address.schema).
		Scan(&found.Schema, &found.Tables)
	return found, explain(address, err)
}

func (a Address) process() string { return a.config.RuntimeParams["application_name"] }

// tableNames finds the names of the tables in the statements that create them.
func tableNames(migrations fs.FS) (map[string]bool, error) {
	names, err := madeBy(migrations, "CREATE TABLE ")
	names["migrations"] = true
	return names, err
}

// madeBy finds the names of the objects that statements create. words begins their lines, such as
// "CREATE TABLE ".
func madeBy(migrations fs.FS, words string) (map[string]bool, error) {
	names := map[string]bool{}
	files, err := fs.Glob(migrations, "*.sql")
	for _, file := range files {
		text, readErr := fs.ReadFile(migrations, file)
		err = errors.Join(err, readErr)
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, words); ok {
				names[rest[:wordLength(rest)]] = true
			}
		}
	}
	return names, err
}

// Migrations implements [store.Engine].
func (e *engine) Migrations() fs.FS { return e.migrations }

// TxOptions implements [store.Engine].
func (e *engine) TxOptions() *sql.TxOptions { return &sql.TxOptions{Isolation: sql.LevelSerializable} }

// Gone implements [store.Engine]. It fails if the tables were removed, or if another server has taken
// this one's claim.
func (e *engine) Gone() error {
	if e.others.removed.Load() {
		return e.LookForTables()
	}
	if e.claim == nil {
		return nil
	}
	return e.claim.lostTo()
}

// Doubt implements [store.Engine].
func (e *engine) Doubt() { e.others.doubts.Add(1) }

// Size returns the size of all tables with their indexes.
func (e *engine) Size(ctx context.Context) (bytes int64) {
	_ = e.pools.Reader.QueryRowContext(ctx, `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`, e.address.schema).Scan(&bytes)
	return bytes // 0: unknown
}

// Close implements [store.Engine].
func (e *engine) Close() error {
	var err error
	if e.claim != nil {
		err = e.claim.release()
	}
	return errors.Join(err, e.watcher.Close(), e.pools.Reader.Close(), e.pools.Writer.Close())
}

// CopyAside does nothing. An upgrade is one transaction, and the operators of a PostgreSQL server
// make their own copies.
func (*engine) CopyAside(context.Context) error { return nil }

// BeginMigration begins a transaction that holds the lock for migrations until it ends. It creates
// the schema if it is missing. All statements of the transaction use that schema.
func (e *engine) BeginMigration(ctx context.Context) (_ *sql.Tx, err error) {
	tx, err := e.pools.Writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // err says why the connection may be broken
		}
	}()
	waiting, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	for _, statement := range []string{
		"SET LOCAL lock_timeout = 0", "SET LOCAL statement_timeout = 0", fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", lockKey("migrate", e.address.schema)),
	} {
		if _, err := tx.ExecContext(waiting, statement); err != nil {
			if waiting.Err() != nil && ctx.Err() == nil {
				err = errors.New("another process has been upgrading the tables for a minute; find it in pg_stat_activity")
			}
			return nil, err
		}
	}
	var exists bool
	if err := tx.QueryRowContext(ctx, `SELECT to_regnamespace($1) IS NOT NULL`, e.address.schema).Scan(&exists); err != nil {
		return nil, err
	}
	if !exists {
		if _, err := tx.ExecContext(ctx, "CREATE SCHEMA "+e.address.quoted()); err != nil {
			return nil, err
		}
	}
	_, err = tx.ExecContext(ctx, "SET LOCAL search_path = "+e.address.quoted())
	return tx, err
}

// migrationPatience limits the wait for another process that migrates.
const migrationPatience = time.Minute
