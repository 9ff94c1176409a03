package importer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// TableOptions say which rows of a database are users.
type TableOptions struct {
	Name    string   // of the source, such as flask
	Table   string   // empty: found by itself
	Query   string   // in place of a table
	Tables  []string // names to look for
	Mapping Mapping
	// Scratch makes a folder for a copy of a SQLite database that cannot be read in place. The
	// second result removes it.
	Scratch func() (folder string, remove func() error, err error)
}

// Table is a table of users in the database of an app.
type Table struct {
	db    *sql.DB
	tx    *sql.Tx // one reading, so rows that are written meanwhile do not show
	close func() error

	isPostgres bool

	tables  string // the query for the names of all tables
	name    string
	table   string // for [Found]
	query   string
	columns columns
	names   []string
	types   []string // those of the columns, as the database names them
}

// OpenTable opens the database of an app, by the path of a SQLite file or the address of a
// PostgreSQL server, also as SQLAlchemy writes them. It is only read, and the app can go on
// writing.
func OpenTable(ctx context.Context, from string, opt TableOptions) (*Table, error) {
	t := &Table{name: opt.Name, close: func() error { return nil }}
	kind, place, err := location(from)
	if err != nil {
		return t, err
	}
	if kind == "postgres" {
		err = t.openPostgres(ctx, place)
	} else {
		err = t.openSQLite(ctx, place, opt.Scratch)
	}
	if err == nil {
		t.tx, err = t.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: t.isolation()})
	}
	if err == nil {
		err = t.choose(ctx, opt)
	}
	if err != nil {
		err = errors.Join(err, t.Close())
	}
	return t, err
}

func (t *Table) isolation() sql.IsolationLevel {
	if t.isPostgres {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault // SQLite has one
}

// choose finds the table and its columns.
func (t *Table) choose(ctx context.Context, opt TableOptions) (err error) {
	if opt.Query != "" {
		t.query = withoutEnd(opt.Query)
		if err := t.find(ctx, `SELECT * FROM (`+t.query+`) AS rows_to_import WHERE 1 = 0`, opt.Mapping); err != nil {
			return err
		}
		if t.isPostgres { // two columns may have one name
			aliases := make([]string, len(t.names))
			for i := range aliases {
				aliases[i] = fmt.Sprintf("column_%d", i)
			}
			t.query = `SELECT ` + t.list(aliases) + ` FROM (` + t.query + `) AS rows_to_import (` + strings.Join(aliases, ", ") + `)`
		}
		return nil
	}
	table, others := opt.Table, []string(nil)
	if table == "" {
		if table, others, err = t.findTable(ctx, opt); err != nil {
			return err
		}
	}
	if err := t.find(ctx, noRowsOf(table), opt.Mapping); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	t.query = `SELECT ` + t.list(t.names) + ` FROM ` + quotedTable(table) + ` AS rows_to_import` + t.order()
	t.table = t.describeTables(ctx, table, others)
	return nil
}

func noRowsOf(table string) string { return `SELECT * FROM ` + quotedTable(table) + ` WHERE 1 = 0` }

// withoutEnd takes off what may follow a query in a text: semicolons and comments. The last
// line of the result is empty, so that a comment that is left hides nothing.
func withoutEnd(query string) string {
	for {
		query = strings.TrimRight(query, " \t\r\n;")
		short := query
		if at := strings.LastIndex(query, "--"); at >= 0 && !strings.ContainsAny(query[at:], "\n'\"") {
			short = query[:at]
		} else if at := strings.LastIndex(query, "/*"); at >= 0 && strings.HasSuffix(query, "*/") {
			short = query[:at]
		}
		if short == query {
			return query + "\n"
		}
		query = short
	}
}

// Name implements [Source].
func (t *Table) Name() string { return t.name }

// Describe says what was found.
func (t *Table) Describe() Found {
	found := t.columns.describe(t.names)
	found.Table = t.table
	return found
}

// Count implements [Source].
func (t *Table) Count(ctx context.Context) (n int64, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT count(*) FROM (`+t.query+`) AS rows_to_import`).Scan(&n)
	return n, err
}

// Each implements [Source].
func (t *Table) Each(ctx context.Context, f func(Row) error) error {
	rows, err := t.tx.QueryContext(ctx, t.query)
	if err != nil {
		return err
	}
	defer rows.Close()
	values := make([]any, len(t.names))
	places := make([]any, len(t.names))
	for i := range values {
		places[i] = &values[i]
	}
	for number := int64(1); rows.Next(); number++ {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if err := f(t.columns.row(number, t.names, slices.Clone(values))); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Close implements [Source].
func (t *Table) Close() error {
	var err error
	if t.tx != nil {
		_ = t.tx.Rollback() // it was only read
	}
	if t.db != nil {
		err = t.db.Close()
	}
	return errors.Join(err, t.close())
}
