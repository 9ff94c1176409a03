package house

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// Writes returns a function that reports whether the database of a data folder was written to
// since the last call, or since Writes. It does not notice a transaction that rolled back.
func Writes(t testing.TB, folder string) func() bool {
	t.Helper()
	db := Raw(t, folder)
	db.SetMaxOpenConns(1) // SQLite counts for each connection
	state := func() string { return column(t, db, `PRAGMA data_version`) }
	if OnPostgres() {
		state = func() string { return rowVersions(t, db) }
	}
	last := state()
	return func() bool {
		t.Helper()
		before := last
		last = state()
		return last != before
	}
}

// rowVersions has the version of each row of all tables of PostgreSQL. Counters of the server are
// no use: they are those of all databases, or late.
func rowVersions(t testing.TB, db *sql.DB) string {
	t.Helper()
	var versions strings.Builder
	for table := range strings.SplitSeq(column(t, db, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`), "\n") {
		fmt.Fprintln(&versions, table, column(t, db, `SELECT xmin || ' ' || ctid FROM `+table+` ORDER BY ctid`))
	}
	return versions.String()
}

// column is the first column that a query finds, a row a line.
func column(t testing.TB, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
