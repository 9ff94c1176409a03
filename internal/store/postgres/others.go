package postgres

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// others finds out whether another process has changed data that this one caches. For every change,
// even one by psql, triggers write a row into the table changes, with the name of the process that
// made it.
type others struct {
	process string
	// horizon is the oldest transaction that was running at the last look. All changes by earlier
	// ones have been seen. Nil: there was no look yet.
	horizon atomic.Pointer[string]
	// doubted is when a commit of this process ended without an answer, in microseconds; 0: never.
	doubted atomic.Int64
	// removed says that there were no tables at the last look, see [engine.LookForTables].
	removed atomic.Bool
}

// inDoubt is how long this process's own rows count as others' after a commit without an answer.
const inDoubt = time.Minute

// lookPatience limits the time of a look. After a look that failed, requests read the database.
const lookPatience = 3 * time.Second

// doubt notes that a commit of this process may still take place. Then the cache is older than the
// database, although no other process changed anything.
func (o *others) doubt() { o.doubted.Store(time.Now().UnixMicro()) }

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

// ChangedByOthers implements [store.Engine]. It looks at rows of transactions that had not ended
// at the last look. It may see some of them twice, which does no harm. The same statement removes
// rows that are older than ten minutes, so no server that looks regularly misses one.
func (e *engine) ChangedByOthers(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	if e.claim != nil {
		if err := e.claim.keep(ctx); err != nil {
			return false, err
		}
	}
	o := &e.others
	last := o.horizon.Load()
	since := "0"
	if last != nil {
		since = *last
	}
	mine := o.process
	if time.Since(time.UnixMicro(o.doubted.Load())) < inDoubt {
		mine = "" // nobody's
	}
	var changed bool
	var horizon string
	err := e.watcher.QueryRowContext(ctx, `WITH old AS (DELETE FROM changes WHERE at < now() - interval '10 minutes')
		SELECT EXISTS (SELECT 1 FROM changes WHERE tx >= $1::text::xid8 AND process <> $2), pg_snapshot_xmin(pg_current_snapshot())::text`,
		since, mine).Scan(&changed, &horizon)
	if err != nil {
		if e.IsSchemaError(err) {
			err = cmp.Or(e.LookForTables(), err)
		}
		return false, err
	}
	o.removed.Store(false)
	o.horizon.Store(&horizon)
	return last == nil || changed, nil
}
