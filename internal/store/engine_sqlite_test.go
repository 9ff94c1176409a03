package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

var sqliteEngine = engine{
	address: func(t testing.TB) string { return filepath.Join(t.TempDir(), "cardea.db") },
	open:    sqlite.Open,
	conflict: func(t *testing.T, path string) error {
		unlock, busy := lockSQLite(t, path)
		unlock()
		return busy
	},
	exec: func(t *testing.T, path, statement string) { execOn(t, "sqlite", "file:"+path, statement) },
	schema: func(t *testing.T, path string) map[string]string {
		return schemaOn(t, "sqlite", "file:"+path, `SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2`)
	},
	fault: sqliteFault,
}

// execOn runs a statement on a database of its own opening.
func execOn(t *testing.T, driver, dsn, statement string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the statement has run
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// schemaOn collects the columns of tables, which a query lists sorted.
func schemaOn(t *testing.T, driver, dsn, query string) map[string]string {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	schema := map[string]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		schema[table] = strings.TrimSpace(schema[table] + " " + column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return schema
}

// lockSQLite takes the write lock on a connection of its own, as another process would.
func lockSQLite(t *testing.T, path string) (unlock func(), busy error) {
	t.Helper()
	begin := func() (*sql.Tx, error) {
		db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db.BeginTx(t.Context(), nil)
	}
	tx, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	_, busy = begin()
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}, busy
}

// sqliteFault names what is wrong with the plan of a statement.
func sqliteFault(ctx context.Context, q store.Querier, query string, args []any) (fault string, err error) {
	rows, err := q.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return "", err
		}
		isOwn := strings.Contains(step, "VALUES CLAUSE") || strings.Contains(step, "CONSTANT ROW") || step == "SCAN used"
		if !isOwn { // the rows of the statement itself
			plan = append(plan, step)
		}
	}
	text := strings.Join(plan, "\n")
	if strings.Contains(text, "SCAN") || !strings.Contains(text, "SEARCH") && !strings.HasPrefix(query, "INSERT") {
		return text, rows.Err()
	}
	return "", rows.Err()
}

// SQLite has one writer. A long transaction of this process does not make others wait for
// longer than their patience.
func TestWaitingForALongTransactionEnds(t *testing.T) {
	t.Parallel()
	db := sqliteEngine.opened(t, sqliteEngine.address(t))
	const patience = 20 * time.Millisecond
	store.SetPatience(db, patience)
	write(t, db, func(*store.Tx) error {
		wantError(t, db, store.ErrUnavailable, func(*store.Tx) error { t.Error("ran meanwhile"); return nil })
		if err := db.NoticeOthers(t.Context()); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("noticing others' changes: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience/2)
		defer cancel()
		err := db.Tx(ctx, func(*store.Tx) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("for a caller with less time: %v", err)
		}
		return nil
	})
	withUsers(t, db, "ann")
}
