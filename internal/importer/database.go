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
)

// openSQLite copies the file of an app and opens the copy.
func (t *Table) openSQLite(ctx context.Context, file string) (err error) {
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("cannot read %s: %w", file, err)
	}
	folder, err := os.MkdirTemp("", ".cardea-import-")
	if err != nil {
		return err
	}
	t.close = func() error { return os.RemoveAll(folder) }
	t.list = `SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name`
	original, err := sql.Open("sqlite", "file:"+escaped(file)+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer original.Close() //nolint:errcheck // it was only read
	copied := filepath.Join(folder, "app.db")
	if _, err := original.ExecContext(ctx, `VACUUM INTO ?`, copied); err != nil {
		return fmt.Errorf("%s cannot be read as a SQLite database: %w", file, err)
	}
	t.db, err = sql.Open("sqlite", "file:"+escaped(copied)+"?mode=ro")
	return err
}

// escaped makes a path safe inside a file: address.
func escaped(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

// openPostgres connects to the server of an app. The password can also come from PGPASSWORD or
// PGPASSFILE. The server refuses to change anything in these connections.
func (t *Table) openPostgres(ctx context.Context, address string) error {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return errors.New("this is no address of a PostgreSQL database, such as postgres://user@host/database") // the error may quote a password
	}
	cfg.RuntimeParams["default_transaction_read_only"] = "on"
	cfg.RuntimeParams["application_name"] = "cardea import"
	t.db = stdlib.OpenDB(*cfg)
	t.close = func() error { return nil }
	t.list = `SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1`
	if err := t.db.PingContext(ctx); err != nil {
		return fmt.Errorf("cannot read the database %s on %s: %w", cfg.Database, cfg.Host, err)
	}
	return nil
}

// tables lists the tables and views of the database; in PostgreSQL those of other schemas as
// schema.table.
func (t *Table) tables(ctx context.Context) (names []string, err error) {
	rows, err := t.db.QueryContext(ctx, t.list)
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
