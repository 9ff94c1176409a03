package pgbouncer_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cardea-accounts/cardea/internal/testkit/pgbouncer"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// Queries pass in the two modes of pgx that use no prepared statements.
func TestQueries(t *testing.T) {
	t.Parallel()
	through := pgbouncer.Start(t, postgres.Database(t))
	for _, mode := range []string{"simple_protocol", "exec"} {
		db := connect(t, through, "default_query_exec_mode", mode)
		for range 3 {
			if sum := postgres.Value[int](t, db, "SELECT $1::int + $2::int", 1, 2); sum != 3 {
				t.Errorf("%s: %d", mode, sum)
			}
		}
	}
}

// In transaction mode, two clients share one connection of the server, whose state the second one
// finds. A client that begins a second transaction may get another connection.
func TestTransactionMode(t *testing.T) {
	t.Parallel()
	through := pgbouncer.Start(t, postgres.Database(t))
	one, two, three := connectSimple(t, through), connectSimple(t, through), connectSimple(t, through)
	const pid = "SELECT pg_backend_pid()"
	first := postgres.Value[int](t, one, pid)
	if second := postgres.Value[int](t, two, pid); second != first {
		t.Errorf("two clients have the connections %d and %d of the server", first, second)
	}
	tx, err := two.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kept int
	if err := tx.QueryRow(t.Context(), pid).Scan(&kept); err != nil || kept != first {
		t.Errorf("%d, %v", kept, err)
	}
	if other := postgres.Value[int](t, one, pid); other == first {
		t.Error("the connection of an open transaction was given to another client")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if third := postgres.Value[int](t, three, "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user"); third != 2 {
		t.Errorf("%d connections of the server for three clients", third)
	}
	if mode := poolMode(t, through); mode != "transaction" {
		t.Errorf("the pool has the mode %s", mode)
	}
}

// pgbouncer signs in with a password and TLS. Settings change it.
func TestPasswordTLSAndSettings(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, postgres.Options{Passwords: true, TLS: true})
	through := pgbouncer.Start(t, server.Database(), "pool_mode = session")
	db := connectSimple(t, through)
	if encrypted := postgres.Value[bool](t, db, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"); !encrypted {
		t.Error("pgbouncer has no TLS to the server")
	}
	if mode := poolMode(t, through); mode != "session" {
		t.Errorf("the pool has the mode %s", mode)
	}
}

// If another pgbouncer already has the port, that one is not mistaken for the new one.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	first := pgbouncer.Start(t, address)
	if err := pgbouncer.StartOnPortOf(t, first, address); err == nil || !strings.Contains(err.Error(), "nowhere to listen on") {
		t.Errorf("%v", err)
	}
}

// Nothing of a pgbouncer is left after its test.
func TestEnd(t *testing.T) {
	t.Parallel()
	var through string
	t.Run("test", func(t *testing.T) { through = pgbouncer.Start(t, postgres.Database(t)) })
	if db, err := pgx.Connect(t.Context(), through); err == nil {
		_ = db.Close(context.Background())
		t.Error("it still answers")
	}
}

// poolMode is what SHOW POOLS says of the pool of an address.
func poolMode(t *testing.T, through string) string {
	t.Helper()
	u, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	database := u.Path[1:]
	u.Path = "/" + pgbouncer.Admin
	rows, err := connectSimple(t, u.String()).Query(t.Context(), "SHOW POOLS")
	if err != nil {
		t.Fatal(err)
	}
	pools, err := pgx.CollectRows(rows, pgx.RowToMap)
	if err != nil {
		t.Fatal(err)
	}
	for _, pool := range pools {
		if pool["database"] == database {
			return pool["pool_mode"].(string) //nolint:forcetypeassert // a text
		}
	}
	t.Fatalf("there is no pool of %s: %v", database, pools)
	return ""
}

func connectSimple(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	return connect(t, address, "default_query_exec_mode", "simple_protocol")
}

func connect(t *testing.T, address, name, setting string) *pgx.Conn {
	t.Helper()
	return postgres.Connect(t, address+"&"+name+"="+setting)
}
