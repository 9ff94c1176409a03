package outage

import (
	"context"
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// endClaim ends the connection that shows that a server is the only one of its database, as an
// administrator or a failover does.
const endClaim = `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND database =
	(SELECT oid FROM pg_database WHERE datname = current_database())`

// One server serves a database. It keeps its place if the connection breaks that shows this. If
// another one takes the place meanwhile, this one writes no more, and says so, until it is free.
func TestOneServer(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	server := testkit.Start(t, at(address))
	ada := server.Register(t, "ada@example.com")
	second, err := cardea.New(cardea.Config{Data: t.TempDir(), Database: address})
	if err == nil {
		_ = second.Close()
		t.Fatal("a second server starts")
	}
	if !strings.Contains(err.Error(), "another Cardea server uses this database") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the second server says %v", err)
	}

	db := open(t, address)
	first := claimant(t, db)
	if _, err := db.ExecContext(t.Context(), endClaim); err != nil {
		t.Fatal(err)
	}
	within(t, soon, "the place is taken again", func() bool { again := claimant(t, db); return again != 0 && again != first })
	ada.Rename("Countess").Want(http.StatusOK)

	other, err := db.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback() //nolint:errcheck // it has ended
	waits := make(chan error)
	go func() { // another server, which gets the place as soon as it is free
		_, err := other.ExecContext(t.Context(), `SELECT pg_advisory_xact_lock((SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
			WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))`)
		waits <- err
	}()
	within(t, soon, "another server waits for the place", func() bool {
		var n int
		err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&n)
		return err == nil && n == 1
	})
	if _, err := db.ExecContext(t.Context(), endClaim); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	within(t, soon, "the server notices", func() bool { return server.NewClient(t).Get("/readyz").Status == http.StatusServiceUnavailable })
	if says := server.NewClient(t).Get("/readyz").Envelope().Errors["database"]; says != "is served by another server; the log says more" {
		t.Errorf("readiness says %q", says)
	}
	ada.Rename("Ada").WantError(http.StatusServiceUnavailable, "unavailable")
	ada.Get("/api/user").Want(http.StatusOK)

	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	within(t, soon, "the server takes the place again", func() bool { return server.NewClient(t).Get("/readyz").Status == http.StatusOK })
	ada.Rename("Ada").Want(http.StatusOK)
}

// claimant is the process of PostgreSQL whose connection shows that a server has the place; 0: none.
func claimant(t *testing.T, db *sql.DB) (pid int) {
	t.Helper()
	err := db.QueryRowContext(t.Context(), `SELECT coalesce(min(pid), 0) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND database =
		(SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&pid)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
