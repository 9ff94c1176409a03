package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/postgres"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

var postgresEngine = engine{
	address: func(t testing.TB) string { return testpostgres.Schema(t) },
	open: func(ctx context.Context, address string) (*store.DB, error) {
		at, err := postgres.ParseAddress(address, "")
		if err != nil {
			return nil, err
		}
		return postgres.Open(ctx, at)
	},
	conflict: func(*testing.T, string) error { return &pgconn.PgError{Code: "40001"} },
	exec: func(t *testing.T, address, statement string) {
		server, schema, _ := strings.Cut(address, "&schema=")
		execOn(t, "pgx", server, "SET search_path = "+schema+"; "+statement)
	},
	schema: func(t *testing.T, address string) map[string]string {
		server, schema, _ := strings.Cut(address, "&schema=")
		return schemaOn(t, "pgx", server, `SELECT table_name::text, column_name::text COLLATE "C" FROM information_schema.columns
			WHERE table_schema = '`+schema+`' ORDER BY 1, 2`)
	},
	fault: postgresFault,
}

// postgresFault names what is wrong with the plan of a statement. Tables of tests are so small
// that a scan would be the best plan, so scans are made expensive.
func postgresFault(ctx context.Context, q store.Querier, query string, args []any) (fault string, err error) {
	if _, err := q.ExecContext(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
		return "", err
	}
	plan, err := postgresPlan(ctx, q, query, args)
	if strings.Contains(plan, "Seq Scan") && strings.Contains(query, "WHERE") {
		return plan, err
	}
	return "", err
}

func postgresPlan(ctx context.Context, q store.Querier, query string, args []any) (string, error) {
	rows, err := q.QueryContext(ctx, "EXPLAIN "+query, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var step string
		if err := rows.Scan(&step); err != nil {
			return "", err
		}
		plan = append(plan, step)
	}
	return strings.Join(plan, "\n"), rows.Err()
}
