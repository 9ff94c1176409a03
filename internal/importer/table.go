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
}

// Table is a table of users in the database of an app.
type Table struct {
	db      *sql.DB
	close   func() error
	list    string // the query for the names of all tables
	name    string
	query   string
	columns columns
	names   []string
}

// OpenTable opens the database of an app, by the path of a SQLite file or the address of a
// PostgreSQL server. It is only read. A SQLite file is copied first, so that the app can go
// on writing.
func OpenTable(ctx context.Context, from string, opt TableOptions) (*Table, error) {
	t := &Table{name: opt.Name}
	open := t.openSQLite
	if strings.HasPrefix(from, "postgres://") || strings.HasPrefix(from, "postgresql://") {
		open = t.openPostgres
	}
	err := open(ctx, from)
	if err == nil {
		err = t.choose(ctx, opt)
	}
	if err != nil && t.close != nil {
		err = errors.Join(err, t.Close())
	}
	return t, err
}

// choose finds the table and its columns.
func (t *Table) choose(ctx context.Context, opt TableOptions) (err error) {
	if opt.Query != "" {
		t.query = opt.Query
		return t.find(ctx, opt.Query, opt.Mapping)
	}
	table := opt.Table
	if table == "" {
		if table, err = t.findTable(ctx, opt); err != nil {
			return err
		}
	}
	if err := t.find(ctx, `SELECT * FROM `+quotedTable(table)+` WHERE 1 = 0`, opt.Mapping); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	var list []string
	for _, name := range t.names {
		list = append(list, quoted(name))
	}
	t.query = `SELECT ` + strings.Join(list, ", ") + ` FROM ` + quotedTable(table)
	if at, ok := t.columns[fieldID]; ok { // the first row with an address is the oldest one
		t.query += ` ORDER BY ` + quoted(t.names[at])
	}
	return nil
}

// find finds the columns of a query, and leaves out those that are of no use.
func (t *Table) find(ctx context.Context, query string, mapping Mapping) error {
	rows, err := t.db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	if t.names, err = rows.Columns(); err != nil {
		return err
	}
	if t.columns, err = mapping.find(t.names); err != nil {
		return err
	}
	return rows.Err()
}

// findTable finds the table of users by its name or, if there is only one, by its columns.
func (t *Table) findTable(ctx context.Context, opt TableOptions) (string, error) {
	tables, err := t.tables(ctx)
	if err != nil {
		return "", err
	}
	for _, name := range opt.Tables {
		if at := indexFold(tables, name); at >= 0 {
			return tables[at], nil
		}
	}
	var fitting []string
	for _, name := range tables {
		if t.find(ctx, `SELECT * FROM `+quotedTable(name)+` WHERE 1 = 0`, opt.Mapping) == nil {
			fitting = append(fitting, name)
		}
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		return "", fmt.Errorf("several tables look like users: %s; name one with --table", strings.Join(fitting, ", "))
	}
	return "", fmt.Errorf("no table looks like users; there are %s: name one with --table, and its columns with --map", strings.Join(tables, ", "))
}

// Name implements [Source].
func (t *Table) Name() string { return t.name }

// Describe says which columns were found.
func (t *Table) Describe() string { return t.columns.describe(t.names) }

// Count implements [Source].
func (t *Table) Count(ctx context.Context) (n int64, err error) {
	err = t.db.QueryRowContext(ctx, `SELECT count(*) FROM (`+t.query+`) AS rows_to_import`).Scan(&n)
	return n, err
}

// Each implements [Source].
func (t *Table) Each(ctx context.Context, f func(Row) error) error {
	rows, err := t.db.QueryContext(ctx, t.query)
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
		if err := f(t.columns.row(number, slices.Clone(values))); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Close implements [Source].
func (t *Table) Close() error {
	var err error
	if t.db != nil {
		err = t.db.Close()
	}
	return errors.Join(err, t.close())
}
