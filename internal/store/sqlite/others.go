package sqlite

import (
	"context"
)

// lastWrite is the version of the data as a connection reports it. Versions of different
// connections cannot be compared.
type lastWrite struct {
	conn    any
	version int64
}

// ChangedByOthers asks for the version of the data. On the one connection that writes for
// this process, it changes only by what others write
// (https://sqlite.org/pragma.html#pragma_data_version).
func (e *engine) ChangedByOthers(ctx context.Context) (bool, error) {
	conn, err := e.pools.Writer.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close() //nolint:errcheck // it returns to the pool
	var seen lastWrite
	if err := conn.Raw(func(c any) error { seen.conn = c; return nil }); err != nil {
		return false, err
	}
	if err := conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&seen.version); err != nil {
		return false, err
	}
	last := e.lastWrite.Swap(&seen)
	return last == nil || *last != seen, nil
}
