package importer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver of SQLite

	"github.com/cardea-accounts/cardea/internal/pgaddress"
)

// location tells the address of a PostgreSQL server from the path of a SQLite file. The error
// does not quote the address, which may have a password.
func location(from string) (kind, place string, err error) {
	scheme, rest, isAddress := strings.Cut(from, "://")
	scheme, _, _ = strings.Cut(scheme, "+") // SQLAlchemy names the driver there
	switch {
	case !isAddress:
		return "sqlite", from, nil
	case scheme == "postgres", scheme == "postgresql":
		return "postgres", scheme + "://" + rest, nil
	case scheme == "sqlite" && strings.HasPrefix(rest, "/") && rest != "/":
		file, _, _ := strings.Cut(rest[1:], "?")
		return "sqlite", file, nil
	}
	return "", "", errors.New("only databases of SQLite and PostgreSQL can be read; from others, write the users to a file for cardea import csv")
}

// File is the file that is read at --from; empty if it is a server.
func File(from string) string {
	kind, place, err := location(from)
	if kind != "sqlite" || err != nil {
		return ""
	}
	return place
}

// openSQLite opens the file of an app. With a write-ahead log, it is read in place, which does
// not keep the app from writing. Without one it would, so the file is copied first.
func (t *Table) openSQLite(ctx context.Context, file string, scratch func() (string, func() error, error)) (err error) {
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("cannot read %s: %w", file, err)
	}
	t.tables = `SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name`
	original, err := sql.Open("sqlite", "file:"+escaped(file)+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	var mode string
	if err := original.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return errors.Join(fmt.Errorf("%s cannot be read as a SQLite database: %w", file, err), original.Close())
	}
	if mode == "wal" {
		t.db = original
		return nil
	}
	defer original.Close() //nolint:errcheck // it was only read
	folder, remove, err := scratch()
	if err != nil {
		return err
	}
	t.close = remove
	copied := filepath.Join(folder, "app.db")
	if _, err := original.ExecContext(ctx, `VACUUM INTO ?`, copied); err != nil {
		if strings.Contains(err.Error(), "full") {
			return fmt.Errorf("no space is left in %s, which holds a copy of %s during the import; make room there", filepath.Dir(folder), file)
		}
		return fmt.Errorf("%s cannot be read as a SQLite database: %w", file, err)
	}
	if t.db, err = sql.Open("sqlite", "file:"+escaped(copied)+"?mode=ro&immutable=1"); err != nil {
		return err
	}
	// The connection stays, so the copy can lose its name: nothing is left of it if the process dies.
	t.db.SetMaxOpenConns(1)
	var version int
	if err := t.db.QueryRowContext(ctx, `PRAGMA schema_version`).Scan(&version); err != nil {
		return fmt.Errorf("cannot read the copy of %s: %w", file, err)
	}
	return os.Remove(copied)
}

// escaped makes a path safe inside a file: address.
func escaped(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

// openPostgres connects to the server of an app. The password can also come from PGPASSWORD or
// PGPASSFILE. The server refuses to change anything in these connections.
func (t *Table) openPostgres(ctx context.Context, address string) error {
	if err := pgaddress.CheckClear(address); err != nil {
		return err
	}
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return errors.New("this is no address of a PostgreSQL database, such as postgres://user@host/database") // the error may quote a password
	}
	cfg.RuntimeParams["default_transaction_read_only"] = "on"
	cfg.RuntimeParams["timezone"] = "UTC"
	cfg.RuntimeParams["datestyle"] = "ISO"
	cfg.RuntimeParams["application_name"] = "cardea import"
	t.db = stdlib.OpenDB(*cfg)
	t.isPostgres = true
	t.tables = `SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1`
	if err := t.db.PingContext(ctx); err != nil {
		return fmt.Errorf("cannot read the database %s on %s: %s", cfg.Database, cfg.Host, pgaddress.Problem(err))
	}
	return nil
}

// tableNames lists the tables and views of the database; in PostgreSQL those of other schemas as
// schema.table.
func (t *Table) tableNames(ctx context.Context) (names []string, err error) {
	rows, err := t.tx.QueryContext(ctx, t.tables)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// quotedTable quotes the name of a table, which may have that of a schema before it.
func quotedTable(name string) string {
	schema, table, ok := strings.Cut(name, ".")
	if !ok {
		return quoted(name)
	}
	return quoted(schema) + "." + quoted(table)
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
