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
	db, err := serve(t.Context(), parsed(t, pgbouncer.Start(t, direct)+"&pool_max_conns=4"), turn)
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
				if took := time.Since(begun); err != nil || took > time.Second {
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
	for ctx.Err() == nil {
		if testpostgres.Value[int](t, observer, heldClaims) == 0 {
			t.Error("nobody has the claim")
			cancel()
		}
	}
	writing.Wait()
	t.Logf("%d writes and %d looks", written.Load(), looked.Load())
}
