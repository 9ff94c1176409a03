package postgres

import (
	"context"
	"errors"
	"time"
)

// inUse is an [ErrInUse] that names who holds the lock.
type inUse struct{ holder string }

func (inUse) Error() string { return ErrInUse.Error() }

func (inUse) Is(target error) bool { return target == ErrInUse } //nolint:errorlint // what [errors.Is] looks for

// Holder says which role holds the lock that an [ErrInUse] is about, from where, and since when. It
// has only what PostgreSQL shows to Cardea's role. Empty: nothing is shown.
func Holder(err error) string {
	named, _ := errors.AsType[inUse](err)
	return named.holder
}

// named adds the holder of the claim to an [ErrInUse]. It returns other errors unchanged.
func (c *claim) named(ctx context.Context, err error) error {
	if !errors.Is(err, ErrInUse) {
		return err
	}
	var role string
	var address *string  // nil: not shown, or on the server's machine
	var since *time.Time // nil: not shown
	queryErr := c.pool.QueryRowContext(ctx, `SELECT coalesce(a.usename, ''), host(a.client_addr), a.backend_start
		FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_database d ON d.oid = l.database
		WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND d.datname = current_database()
			AND (l.classid::bigint << 32 | l.objid::bigint) IN ($1, $2) LIMIT 1`, c.keys[0], c.keys[1]).Scan(&role, &address, &since)
	if queryErr != nil || role == "" {
		return err
	}
	holder := "the role " + role + " holds its lock"
	if address != nil {
		holder += " from " + *address
	}
	if since != nil {
		holder += " since " + since.UTC().Format(time.DateTime) + " UTC"
	}
	return inUse{holder}
}
