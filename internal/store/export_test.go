package store

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"
)

// What the tests in package store_test need of the inside. They cannot be in this package,
// because an engine imports it.

type Querier = querier

func SetPatience(db *DB, patience time.Duration) { db.patience = patience }

// Reads reports whether a method is one of reads.
func Reads(method string) bool {
	_, ok := reflect.TypeFor[reads]().MethodByName(method)
	return ok
}

func Committing(db *DB, userIDs []string, commit func() error) error {
	return db.changes.committing(userIDs, commit)
}

// Through returns tx with its statements run by wrap's result.
func Through(tx *Tx, wrap func(Querier) Querier) *Tx {
	return &Tx{reads: reads{q: wrap(tx.q), engine: tx.engine}}
}

// Exec runs statements of any kind on a connection that writes.
func Exec(ctx context.Context, db *DB, statements string) error {
	_, err := db.pools.Writer.ExecContext(ctx, statements)
	return err
}

// ExecReader runs a statement on a connection that reads.
func ExecReader(ctx context.Context, db *DB, statement string) error {
	_, err := db.q.ExecContext(ctx, statement)
	return db.classify(err)
}

func CheckForDamage(ctx context.Context, db *DB) error { return db.checkForDamage(ctx) }

// ForgetCheck makes the last check for damage an old one.
func ForgetCheck(db *DB) { db.health.checked = time.Now().Add(-checkInterval) }

// TablesToCopy lists the columns of the tables that are copied, as the schema has them: sorted.
func TablesToCopy() map[string]string {
	list := map[string]string{}
	for _, t := range tables {
		list[t.name] = strings.Join(slices.Sorted(slices.Values(t.columns)), " ")
	}
	return list
}
