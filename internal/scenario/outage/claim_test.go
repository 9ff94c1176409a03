package outage

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/pgbouncer"
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
	if !regexp.MustCompile(`\(the role \w+ holds its lock from 127\.0\.0\.1 since \d{4}-\d\d-\d\d [0-9:]{8} UTC\); stop the other one`).MatchString(err.Error()) {
		t.Errorf("it does not say who: %v", err)
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

// Before an administrator restarts PostgreSQL, PAUSE of pgbouncer waits for transactions to end. The
// lock of a running server does not hold it up, and keeps a second server out again afterwards.
func TestPausedPooler(t *testing.T) {
	t.Parallel()
	direct := postgres.Database(t)
	address, db := pgbouncer.Start(t, direct), open(t, direct)
	server := testkit.Start(t, at(address))
	ada := server.Register(t, "ada@example.com")
	second := func() error {
		second, err := cardea.New(cardea.Config{Data: t.TempDir(), Database: address})
		if err == nil {
			err = errors.Join(errors.New("a second server starts"), second.Close())
		}
		return err
	}

	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + pgbouncer.Admin
	admin, err := sql.Open("pgx", u.String()+"&default_query_exec_mode=simple_protocol")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() }) // the test ends
	for range 2 {
		begun := time.Now()
		if _, err := admin.ExecContext(t.Context(), "PAUSE"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("PAUSE took %v", took)
		}
		if _, err := admin.ExecContext(t.Context(), "RESUME"); err != nil {
			t.Fatal(err)
		}
		// A request that began during the pause may have to give up first.
		within(t, 2*soon, "the server goes on", func() bool { return ada.Rename("Ada").Status == http.StatusOK })
		within(t, 2*soon, "it is ready", func() bool { return server.NewClient(t).Get("/readyz").Status == http.StatusOK })
		within(t, 2*soon, "the place is taken again", func() bool { return claimant(t, db) != 0 })
		if err := second(); !strings.Contains(err.Error(), "another Cardea server uses this database") {
			t.Error(err)
		}
	}
}
