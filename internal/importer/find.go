package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// find finds the columns of a query, and their types.
func (t *Table) find(ctx context.Context, query string, mapping Mapping) error {
	rows, err := t.tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	t.names, t.types = nil, nil
	for _, column := range types {
		t.names = append(t.names, column.Name())
		t.types = append(t.types, strings.ToUpper(column.DatabaseTypeName()))
	}
	if t.columns, err = mapping.find(t.names); err != nil {
		return err
	}
	return rows.Err()
}

// list lists the columns for a query, by their names in it. Those that are not used are not
// read. Dates of PostgreSQL are read as texts: infinity, and years after 9999, have no other form.
func (t *Table) list(names []string) string {
	var list []string
	for i, name := range names {
		switch {
		case !t.columns.has(i):
			list = append(list, "NULL AS "+quoted(name))
		case t.isPostgres && (strings.HasPrefix(t.types[i], "TIMESTAMP") || t.types[i] == "DATE"):
			list = append(list, "CAST("+quoted(name)+" AS text) AS "+quoted(name))
		default:
			list = append(list, quoted(name))
		}
	}
	return strings.Join(list, ", ")
}

// order puts the oldest user first: by the time of the registration, as far as it is known, then
// by the id. Texts with numbers are in the order of the numbers.
func (t *Table) order() string {
	var by []string
	if at := t.columns[fieldCreated]; at != nil {
		name := `rows_to_import.` + quoted(t.names[at[0]]) // as it is there, and not as it is read
		by = append(by, name+" IS NULL", name)
	}
	if at := t.columns[fieldID]; at != nil {
		name := `rows_to_import.` + quoted(t.names[at[0]]) // as it is there, and not as it is read
		if !strings.Contains(t.types[at[0]], "INT") {
			by = append(by, "length(CAST("+name+" AS text))")
		}
		by = append(by, name)
	}
	if by == nil {
		return ""
	}
	return " ORDER BY " + strings.Join(by, ", ")
}

// findTable finds the table of users by its name or, if there is only one, by its columns. Of
// several with such a name, the first one that has rows is taken. others also look like users.
func (t *Table) findTable(ctx context.Context, opt TableOptions) (table string, others []string, err error) {
	tables, err := t.tableNames(ctx)
	if err != nil {
		return "", nil, err
	}
	var named, fitting []string
	for _, name := range opt.Tables {
		if at := indexFold(tables, name); at >= 0 {
			named = append(named, tables[at])
		}
	}
	for _, name := range tables {
		if t.try(ctx, func() error { return t.find(ctx, noRowsOf(name), opt.Mapping) }) == nil {
			fitting = append(fitting, name)
		}
	}
	if len(named) > 0 {
		table = named[0]
	}
	for _, name := range named {
		if rows, _ := t.countRows(ctx, name, 1); rows > 0 {
			table = name
			break
		}
	}
	if table != "" {
		for _, name := range slices.Concat(named, fitting) {
			if name != table && !slices.Contains(others, name) {
				others = append(others, name)
			}
		}
		return table, others, nil
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], nil, nil
	case len(fitting) > 1:
		return "", nil, fmt.Errorf("several tables look like users: %s; name one with --table", strings.Join(fitting, ", "))
	case len(tables) == 0:
		return "", nil, errors.New("the database has no tables; is it that of the app?")
	}
	return "", nil, fmt.Errorf("no table looks like users%s: name one with --table, and its columns with --map", thereAre(tables))
}

// try calls f, and lets the reading go on if f fails: PostgreSQL would end it, such as after a table
// that may not be read.
func (t *Table) try(ctx context.Context, f func() error) error {
	if _, err := t.tx.ExecContext(ctx, `SAVEPOINT attempt`); err != nil {
		return err
	}
	failed := f()
	_, err := t.tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT attempt`)
	return errors.Join(failed, err)
}

// countRows counts rows up to a limit.
func (t *Table) countRows(ctx context.Context, table string, limit int) (n int, err error) {
	err = t.try(ctx, func() error {
		return t.tx.QueryRowContext(ctx, fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d) AS some_rows`, quotedTable(table), limit)).Scan(&n)
	})
	return n, err
}

// manyRows is up to where rows are counted that only say which table is which, and manyTables how
// many other tables are named.
const manyRows, manyTables = 1_000_000, 10

// describeTables names the table and the others that look like users, each with its rows.
func (t *Table) describeTables(ctx context.Context, table string, others []string) string {
	rows := func(name string) string {
		switch n, err := t.countRows(ctx, name, manyRows); {
		case err != nil:
			return "cannot be read"
		case n == manyRows:
			return fmt.Sprintf("%d or more", n)
		default:
			return strconv.Itoa(n)
		}
	}
	text := fmt.Sprintf("%s (rows: %s)", table, rows(table))
	for i, name := range others {
		switch i {
		case 0:
			text += "; others: "
		case manyTables:
			return text + fmt.Sprintf(", and %d more", len(others)-i)
		default:
			text += ", "
		}
		text += fmt.Sprintf("%s (%s)", name, rows(name))
	}
	return text
}
