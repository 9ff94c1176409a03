package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Connect connects to a server, or to a pooler before it, until the test ends. It fails the test if
// nothing answers.
func Connect(t testing.TB, address string) *pgx.Conn {
	t.Helper()
	db, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) }) // the test ends
	return db
}

// Value returns the only value of a query. It fails the test if there is none, or one of another type.
func Value[T any](t testing.TB, db *pgx.Conn, query string, args ...any) (v T) {
	t.Helper()
	if err := db.QueryRow(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}
