package postgres

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// timelines keeps a process from using a primary that was replaced. After a failover, the old primary
// may come back and accept writes, unless something prevents that. Then sessions would be on one
// server and logouts on the other. The promotion of a standby begins a new timeline of the WAL, which
// tells the two servers apart
// (https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES).
type timelines struct{ newest atomic.Pointer[timeline] }

// timeline is the timeline of a server's WAL. Timelines of different clusters, such as before and
// after pg_upgrade, cannot be compared. Zero: unknown.
type timeline struct {
	cluster string
	number  int64
}

// isBefore reports whether a server at t was replaced by one at other.
func (t timeline) isBefore(other timeline) bool {
	return t.cluster == other.cluster && t.number < other.number
}

// watch makes a configuration refuse servers that were replaced. pgx then tries the next host, as it
// does when a server is read-only.
func (t *timelines) watch(config *pgx.ConnConfig) {
	before := config.ValidateConnect
	config.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if before != nil {
			if err := before(ctx, conn); err != nil {
				return err
			}
		}
		own := timelineOf(ctx, conn)
		conn.CustomData()[timelineKey] = own
		return t.admit(own)
	}
}

const timelineKey = "cardea timeline"

func (t *timelines) admit(own timeline) error {
	for {
		newest := t.newest.Load()
		switch {
		case newest != nil && own.isBefore(*newest):
			return fmt.Errorf("it was replaced: another server has been promoted since (timeline %d; this one is at %d): stop it, or make it a standby of the other",
				newest.number, own.number)
		case own == timeline{} || t.newest.CompareAndSwap(newest, &own):
			return nil
		}
	}
}

// timeline returns the timeline of the connection's server.
func (c *connection) timeline() timeline {
	own, _ := c.Conn.Conn().PgConn().CustomData()[timelineKey].(timeline)
	return own
}

// isReplaced reports whether the connection's server was replaced after it was made.
func (c *connection) isReplaced() bool {
	newest := c.timelines.newest.Load()
	return newest != nil && c.timeline().isBefore(*newest)
}

// timelineOf asks a server for its timeline. It returns zero if the server does not tell, such as a
// service that only speaks PostgreSQL's protocol. Such a server is never refused.
func timelineOf(ctx context.Context, conn *pgconn.PgConn) timeline {
	results, err := conn.Exec(ctx, `SELECT system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()`).ReadAll()
	if err != nil || len(results) != 1 || len(results[0].Rows) != 1 {
		return timeline{}
	}
	row := results[0].Rows[0]
	number, err := strconv.ParseInt(string(row[1]), 16, 64)
	if err != nil {
		return timeline{}
	}
	return timeline{string(row[0]), number}
}
