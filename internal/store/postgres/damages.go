package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// maxDamages bounds what Damages returns.
const maxDamages = 100

// references are the columns that name a row of another table.
var references = []struct{ table, parent, key string }{
	{"sessions", "users", "id"}, {"pictures", "users", "id"}, {"old_picture_names", "users", "id"}, {"crops", "pictures", "user_id"},
}

// Damages compares the schema, and looks for rows whose user or picture is missing. A restore
// without constraints can leave such rows. It takes as long as it needs. PostgreSQL checks its files
// itself (https://www.postgresql.org/docs/current/checksums.html).
func (e *engine) Damages(ctx context.Context) (damages, harmless []string, err error) {
	tx, err := e.beginUnlimited(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	damages, harmless, err = e.differences(ctx, tx)
	if err == nil && len(damages) == 0 {
		damages, err = dangling(ctx, tx)
	}
	return damages, harmless, err
}

// dangling describes the tables whose rows refer to missing ones.
func dangling(ctx context.Context, tx *sql.Tx) (found []string, err error) {
	for _, r := range references {
		var id string
		var n int64
		err := tx.QueryRowContext(ctx, strings.NewReplacer("{table}", r.table, "{parent}", r.parent, "{key}", r.key).Replace(
			`SELECT count(*), coalesce(min(user_id), '') FROM {table} WHERE NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.{key} = user_id)`)).Scan(&n, &id)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%d rows of %s refer to missing rows of %s, for instance that of user %s", n, r.table, r.parent, id))
		}
	}
	return found, nil
}

// QuickDamages implements [store.Engine].
func (e *engine) QuickDamages(ctx context.Context) (damages, harmless []string, err error) {
	return e.differences(ctx, e.pools.Reader)
}
