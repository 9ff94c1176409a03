package importer

import (
	"context"
	"errors"
	"fmt"
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
// several with such a name, the first one that has rows is taken.
func (t *Table) findTable(ctx context.Context, opt TableOptions) (string, error) {
	tables, err := t.tableNames(ctx)
	if err != nil {
		return "", err
	}
	var named []string
	for _, name := range opt.Tables {
		if at := indexFold(tables, name); at >= 0 {
			named = append(named, tables[at])
		}
	}
	for _, name := range named {
		if t.hasRows(ctx, name) {
			return name, nil
		}
	}
	if len(named) > 0 {
		return named[0], nil
	}
	var fitting []string
	for _, name := range tables {
		if t.find(ctx, noRowsOf(name), opt.Mapping) == nil {
			fitting = append(fitting, name)
		}
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		return "", fmt.Errorf("several tables look like users: %s; name one with --table", strings.Join(fitting, ", "))
	case len(tables) == 0:
		return "", errors.New("the database has no tables; is it that of the app?")
	}
	return "", fmt.Errorf("no table looks like users%s: name one with --table, and its columns with --map", thereAre(tables))
}

func (t *Table) hasRows(ctx context.Context, table string) bool {
	var one int
	return t.tx.QueryRowContext(ctx, `SELECT 1 FROM `+quotedTable(table)+` LIMIT 1`).Scan(&one) == nil
}
