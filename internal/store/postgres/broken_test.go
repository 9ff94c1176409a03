package postgres

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cardea-accounts/cardea/internal/store"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/tcpproxy"
)

// No caller notices that all connections broke while they were idle.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{})
	db := openedAt(t, server.Database())
	use := func(when string) {
		if _, err := db.UserByID(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a read %s: %v", when, err)
		}
		err := db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetMark(t.Context(), store.FlaskFrom, time.Now()) })
		if err != nil {
			t.Errorf("a transaction %s: %v", when, err)
		}
	}
	use("at first")
	server.Restart(false)
	use("after a restart")
	server.Restart(true)
	use("after a crash")
}

// A transaction whose connection the server ends, because it was idle or lasted too long, is tried again.
func TestEndedTransactions(t *testing.T) {
	t.Parallel()
	address := testpostgres.Database(t)
	e := opened(t, address)
	tx, err := e.pools.Writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // its connection is closed
	var pid int
	if err := tx.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "SET LOCAL idle_in_transaction_session_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	db := testpostgres.Connect(t, address)
	within(t, 10*time.Second, "PostgreSQL has ended the connection", func() bool {
		return testpostgres.Value[bool](t, db, "SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = $1)", pid)
	})
	_, idle := tx.ExecContext(t.Context(), "SELECT 1")
	if code(idle) != codeIdle {
		t.Fatal(idle)
	}
	for _, err := range []error{idle, &pgconn.PgError{Code: codeTooLong}} {
		if !e.IsRetryable(err) || !errors.Is(e.Classify(err), store.ErrUnavailable) {
			t.Errorf("%v became %v", err, e.Classify(err))
		}
	}
}

// A read and a transaction that wait for the server count once each, however often they are repeated.
func TestRetriesCountOnce(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{})
	db := openedAt(t, server.Database())
	for what, use := range map[string]func() error{
		"read": func() error {
			_, err := db.UserByID(t.Context(), "nobody")
			return err
		},
		"transaction": func() error {
			return db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetMark(t.Context(), store.FlaskFrom, time.Now()) })
		},
	} {
		before := db.Stats(t.Context())
		server.Stop(true)
		done := make(chan error)
		go func() { done <- use() }()
		server.Start() // takes many times as long as an attempt
		if err := <-done; err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a %s: %v", what, err)
		}
		after := db.Stats(t.Context())
		counted := map[string]int64{"read": after.RepeatedRead - before.RepeatedRead, "transaction": after.Repeated - before.Repeated}
		if counted[what] != 1 {
			t.Errorf("one %s waited, counted %d times", what, counted[what])
		}
	}
}

// A commit whose answer is lost may have taken place. It is not repeated.
func TestCommitWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	proxy, address := tcpproxy.Before(t, testpostgres.Database(t))
	db := openedAt(t, address)
	runs := 0
	err := db.Tx(t.Context(), func(tx *store.Tx) error {
		runs++
		proxy.LoseAnswer("commit")
		return tx.SetMark(t.Context(), store.FlaskFrom, time.Unix(1, 0))
	})
	if runs != 1 || !errors.Is(err, store.ErrUncertain) || !errors.Is(err, store.ErrUnavailable) || db.Stats(t.Context()).Doubtful != 1 {
		t.Errorf("%d runs, %v, %+v", runs, err, db.Stats(t.Context()))
	}
	if mark, err := db.MarkedAt(t.Context(), store.FlaskFrom); err != nil || !mark.Equal(time.Unix(1, 0)) {
		t.Errorf("%v, %v", mark, err)
	}
}

func openedAt(t *testing.T, address string) *store.DB {
	t.Helper()
	db, err := Open(t.Context(), parsed(t, address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func parsed(t *testing.T, address string) Address {
	t.Helper()
	at, err := ParseAddress(address, "")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// within fails the test unless something holds soon.
func within(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !holds(); <-tick.C {
		if time.Since(begun) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}
