package postgres

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/pgbouncer"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/tcpproxy"
)

// heldClaims counts the locks of claims in a database.
const heldClaims = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// Through pgbouncer, the claim goes from one transaction to the next while writers use all their
// connections, as few as they are. No moment is without it, no look fails, and no writer waits.
func TestClaimTakesTurnsUnderWriters(t *testing.T) {
	t.Parallel()
	const turn = 2 * time.Second
	direct := testpostgres.Database(t)
	db, err := serve(t.Context(), parsed(t, pgbouncer.Start(t, direct)+"&pool_max_conns=5"), turn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test ends
	ctx, cancel := context.WithTimeout(t.Context(), 3*turn)
	defer cancel()
	var writing sync.WaitGroup
	var written, looked atomic.Int64
	for i := range 8 {
		writing.Go(func() {
			for ctx.Err() == nil {
				begun := time.Now()
				err := db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetMark(t.Context(), store.Mark(fmt.Sprint(i)), time.Now()) })
				if took := time.Since(begun); err != nil || took > 2*time.Second {
					t.Errorf("written after %v: %v", took, err)
				}
				written.Add(1)
			}
		})
	}
	writing.Go(func() {
		ticker := time.NewTicker(store.WatchInterval)
		defer ticker.Stop()
		for ; ctx.Err() == nil; <-ticker.C {
			if err := db.NoticeOthers(t.Context()); err != nil {
				t.Errorf("a look: %v", err)
			}
			looked.Add(1)
		}
	})
	observer := testpostgres.Connect(t, direct)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for ; ctx.Err() == nil; <-ticker.C {
		if testpostgres.Value[int](t, observer, heldClaims) == 0 {
			t.Error("nobody has the claim")
			cancel()
		}
	}
	writing.Wait()
	t.Logf("%d writes and %d looks", written.Load(), looked.Load())
}

// A claim whose check got no answer is gone, because the connection is. The next check takes it again,
// and does not believe that it is still there.
func TestClaimIsTakenAgainAfterACheckWithoutAnswer(t *testing.T) {
	t.Parallel()
	direct := testpostgres.Database(t)
	proxy, address := tcpproxy.Before(t, direct)
	e, err := newEngine(t.Context(), parsed(t, address), watching)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // the test ends
	c, err := takeClaim(t.Context(), e, turn)
	if err != nil {
		t.Fatal(err)
	}
	c.kept = time.Time{} // long ago
	proxy.Stall()
	impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.keep(impatient); err == nil {
		t.Error("the claim was kept without an answer")
	}
	proxy.Recover()
	observer := testpostgres.Connect(t, direct)
	within(t, 10*time.Second, "the server has noticed", func() bool { return testpostgres.Value[int](t, observer, heldClaims) == 0 })
	if err := c.keep(t.Context()); err != nil || testpostgres.Value[int](t, observer, heldClaims) != 1 {
		t.Errorf("the claim is not held: %v", err)
	}
	if err := c.release(); err != nil {
		t.Error(err)
	}
}
