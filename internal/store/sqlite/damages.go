package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// maxDamages bounds what Damages returns. By then only a backup helps.
const maxDamages = 100

// Damages checks the schema first, because the other checks need it. No difference is harmless,
// because nobody else uses the file.
func (e *engine) Damages(ctx context.Context) (damages, harmless []string, err error) {
	damages, err = e.schemaDifferences(ctx, e.pools.Reader)
	if err != nil || len(damages) > 0 {
		return damages, nil, err
	}
	damages, err = e.texts(ctx, fmt.Sprintf(`PRAGMA integrity_check(%d)`, maxDamages), func(rows *sql.Rows) (s string, err error) {
		err = rows.Scan(&s)
		return s, err
	})
	if err != nil || len(damages) != 1 || damages[0] != "ok" {
		return damages, nil, err
	}
	damages, err = e.texts(ctx, `PRAGMA foreign_key_check`, func(rows *sql.Rows) (string, error) {
		var table, parent string
		var rowID sql.NullInt64
		var key int
		err := rows.Scan(&table, &rowID, &parent, &key)
		return fmt.Sprintf("row %d of %s refers to a row of %s that is missing", rowID.Int64, table, parent), err
	})
	return damages, nil, err
}

// QuickDamages implements [store.Engine].
func (e *engine) QuickDamages(ctx context.Context) (damages, harmless []string, err error) {
	damages, err = e.texts(ctx, `PRAGMA quick_check(1)`, func(rows *sql.Rows) (s string, err error) {
		err = rows.Scan(&s)
		return s, err
	})
	if len(damages) == 1 && damages[0] == "ok" {
		damages = nil
	}
	return damages, nil, err
}

// texts makes a text of each row, for at most maxDamages rows.
func (e *engine) texts(ctx context.Context, query string, text func(*sql.Rows) (string, error)) ([]string, error) {
	rows, err := e.pools.Reader.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for len(list) < maxDamages && rows.Next() {
		s, err := text(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}
