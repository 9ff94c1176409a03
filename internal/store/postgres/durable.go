package postgres

import (
	"context"
	"errors"
)

// NotDurable lists settings, such as "fsync=off", with which a server confirms changes that it may
// lose in a crash. They may be set for the server, the database or the role
// (https://www.postgresql.org/docs/current/wal-async-commit.html).
func NotDurable(ctx context.Context, address Address) (settings []string, err error) {
	pool, err := onePool(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	rows, err := pool.QueryContext(ctx, `SELECT name || '=' || setting FROM pg_settings
		WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name`)
	if err != nil {
		return nil, explain(address, err)
	}
	defer rows.Close() //nolint:errcheck // it was only read
	for rows.Next() {
		var setting string
		if err := rows.Scan(&setting); err != nil {
			return nil, err
		}
		settings = append(settings, setting)
	}
	return settings, rows.Err()
}
