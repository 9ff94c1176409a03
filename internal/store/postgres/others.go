package postgres

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// others finds out whether another process has changed data that this one caches. For every change,
// even one by psql, triggers write a row into the table changes, with the name of the process that
// made it.
type others struct {
	process string
	// doubts counts the commits of this process that ended without an answer.
	doubts atomic.Int64
	// removed says that there were no tables at the last look, see [engine.LookForTables].
	removed atomic.Bool

	mu   sync.Mutex // held during a look
	last sight      // zero: there was no look yet, or the last one failed
	// marker is a transaction that began after all doubtful commits had; 0: those have ended.
	marker int64
	marked int64 // how many doubts the marker is for
}

// sight is what a look sees.
type sight struct {
	snapshot string   // tells which transactions have ended
	oldest   int64    // the first transaction that has not
	table    int64    // identifies the table changes: after a restore, it is another one
	timeline timeline // of the server: after a failover, it is another one
}

// lookPatience limits the time of a look. After a look that failed, requests read the database.
const lookPatience = 3 * time.Second

// LookForTables implements [store.Engine].
func (e *engine) LookForTables() error {
	if !e.others.removed.Load() {
		ctx, cancel := context.WithTimeout(context.Background(), tablesPatience)
		defer cancel()
		var has bool
		err := e.pools.Reader.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, e.address.schema+".migrations").Scan(&has)
		if err != nil || has {
			return nil //nolint:nilerr // the error that led here is reported
		}
		e.others.removed.Store(true)
	}
	return fmt.Errorf("the schema %s of %v %w", e.address.schema, e.address, store.ErrRemoved)
}

// tablesPatience limits the time of the look for tables, because a request waits for it.
const tablesPatience = time.Second

// ChangedByOthers implements [store.Engine].
//
// A commit without an answer may still take place. Then the cache is older than the database, although
// no other process changed anything. So this process's own rows count, too, until all such commits have
// ended. To tell that, the first look after the doubt begins a transaction as a marker. The commits have
// ended when all transactions before the marker have. An earlier look may have taken such a commit for
// an ordinary one, so the first look after the doubt reports a change in any case.
func (e *engine) ChangedByOthers(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	o := &e.others
	o.mu.Lock()
	defer o.mu.Unlock()
	doubts := o.doubts.Load()
	isNew, mine := doubts != o.marked, o.process
	if isNew || o.marker != 0 {
		mine = "" // nobody's
	}
	seen, marker, changed, err := e.look(ctx, mine, isNew)
	if err != nil {
		o.last, o.marked = sight{}, 0 // the next look may see another database, or an older state of this one
		return false, err
	}
	if isNew {
		o.marker, o.marked = marker, doubts
	} else if seen.oldest >= o.marker {
		o.marker = 0
	}
	wereRemoved := o.removed.Swap(false)
	changed = changed || isNew || wereRemoved || seen.table != o.last.table || seen.timeline != o.last.timeline
	o.last = seen
	return changed, nil
}

// look keeps the claim, and looks for rows that the last look did not see, except those of the process
// mine. The same statement removes rows that are older than ten minutes, so no server that looks
// regularly misses one. If needsMarker, it also returns the number of its own transaction, which it would
// not need otherwise.
func (e *engine) look(ctx context.Context, mine string, needsMarker bool) (seen sight, marker int64, changed bool, err error) {
	if e.claim != nil {
		if err := e.claim.keep(ctx); err != nil {
			return sight{}, 0, false, err
		}
	}
	conn, err := e.watcher.Conn(ctx)
	if err != nil {
		return sight{}, 0, false, err
	}
	defer conn.Close() //nolint:errcheck // it returns to the pool
	err = conn.QueryRowContext(ctx, `WITH old AS (DELETE FROM changes WHERE at < now() - interval '10 minutes')
		SELECT EXISTS (SELECT 1 FROM changes WHERE process <> $2
				AND tx >= pg_snapshot_xmin($1::text::pg_snapshot) AND NOT pg_visible_in_snapshot(tx, $1::text::pg_snapshot)),
			pg_current_snapshot()::text, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, to_regclass($3)::oid::bigint,
			CASE WHEN $4::bigint = 1 THEN pg_current_xact_id()::text::bigint ELSE 0 END`,
		cmp.Or(e.others.last.snapshot, nothingEnded), mine, e.address.schema+".changes", needsMarker).
		Scan(&changed, &seen.snapshot, &seen.oldest, &seen.table, &marker)
	if err != nil {
		if e.IsSchemaError(err) {
			err = cmp.Or(e.LookForTables(), err)
		}
		return sight{}, 0, false, err
	}
	err = conn.Raw(func(c any) error { seen.timeline = c.(*connection).timeline(); return nil }) //nolint:forcetypeassert // the pool has no others
	return seen, marker, changed, err
}

// nothingEnded is a snapshot that sees no transaction.
const nothingEnded = "1:1:"
