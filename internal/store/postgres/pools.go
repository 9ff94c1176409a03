package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5"
)

// onePool makes a pool of one connection, for statements that use none of Cardea's tables.
func onePool(ctx context.Context, address Address) (*sql.DB, error) {
	isPooled, err := probe(ctx, address)
	if err != nil {
		return nil, explain(address, err)
	}
	config := address.config.Copy()
	if isPooled {
		forPooler(config)
	}
	return newPool(config, &texts{schema: address.quoted()}, nil, address, 1), nil
}

// Timeouts that PostgreSQL enforces
// (https://www.postgresql.org/docs/current/runtime-config-client.html), in milliseconds, the form
// in which it shows them. Those for statements and idle transactions are longer than any request
// waits: they free the locks of a process that died or hangs.
const (
	lockTimeout        = "2000"  // then the transaction runs again, see [store.DB.Tx]
	statementTimeout   = "30000" // a count of a hundred million rows takes this long
	idleInTransaction  = "60000" // longer than any transaction of an import
	unusedConnection   = 5 * time.Minute
	oldestConnection   = time.Hour // then connections can move to another server of the list
	timeoutToRecognize = "lock_timeout"
)

func withTimeouts(config *pgx.ConnConfig) {
	config.RuntimeParams[timeoutToRecognize] = lockTimeout
	config.RuntimeParams["statement_timeout"] = statementTimeout
	config.RuntimeParams["idle_in_transaction_session_timeout"] = idleInTransaction
}

// forPooler makes pgx keep no state in a connection, because a pooler may replace the connection
// between transactions. Statements are sent whole, with their values, in one round trip
// (https://www.pgbouncer.org/features.html, "SQL feature map for pooling modes").
func forPooler(config *pgx.ConnConfig) {
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0
}

func newPool(config *pgx.ConnConfig, texts *texts, bound *bound, address Address, size int) *sql.DB {
	pool := sql.OpenDB(newConnector(config, texts, bound, address))
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxIdleTime(unusedConnection)
	pool.SetConnMaxLifetime(oldestConnection)
	return pool
}
