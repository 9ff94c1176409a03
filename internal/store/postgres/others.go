package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// others finds out whether another process has changed what is kept in memory. Triggers write a
// row into changes for every change, whoever makes it, psql included, with the name of the
// process that made it.
type others struct {
	process string
	// horizon is the oldest transaction that was running at the last look: what earlier ones wrote
	// has been seen. Empty: there was no look.
	horizon atomic.Pointer[string]
	// doubted is when a commit of this process ended without an answer, in microseconds; 0: never.
	doubted atomic.Int64
	// removed says that there were no tables at the last look, see [engine.LookForTables].
	removed atomic.Bool
}

// inDoubt is how long after a commit without an answer this process's own rows count as others'.
const inDoubt = time.Minute

// lookPatience bounds a look. Without one, requests read the database.
const lookPatience = 3 * time.Second

// doubt notes that a commit of this process may still take place: then the memory is older than
// the database, although no other process changed anything.
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

// tablesPatience bounds the look for tables, for which a request waits.
const tablesPatience = time.Second

// ChangedByOthers implements [store.Engine]. It looks at rows of transactions that had not ended
// at the last look; some of them may have been seen then, which does no harm. The same statement
// removes rows of the last ten minutes, so none goes unseen.
func (e *engine) ChangedByOthers(ctx context.Context, conn *sql.Conn) (bool, error) {
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
	err := conn.QueryRowContext(ctx, `WITH old AS (DELETE FROM changes WHERE at < now() - interval '10 minutes')
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
