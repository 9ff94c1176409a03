package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// oldest is the oldest server that Cardea is tested with.
const oldest = 15

var (
	errReplica = errors.New("it is a read-only replica: name the primary, or all servers with target_session_attrs=read-write")
	// ErrNoTables means that the schema or its tables are missing.
	ErrNoTables = errors.New("there are no tables of Cardea")
)

// probe connects once. It fails if Cardea cannot use the server, and reports whether there is a
// pooler in front of it. A pooler refuses the settings of a connection, or drops them.
func probe(ctx context.Context, address Address) (isPooled bool, err error) {
	direct := address.config.Copy()
	withTimeouts(direct)
	conn, err := pgx.ConnectConfig(ctx, direct)
	if failed, ok := errors.AsType[*pgconn.ConnectError](err); ok && code(failed) == codeProtocol {
		pooled := address.config.Copy()
		forPooler(pooled)
		isPooled = true
		conn, err = pgx.ConnectConfig(ctx, pooled)
	}
	if err != nil {
		return false, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	var version int
	var isReplica, isReadOnly bool
	var timeout, encoding string
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('server_encoding'),
		current_setting('transaction_read_only')::bool,
		(SELECT setting FROM pg_settings WHERE name = $1)`, pgx.QueryExecModeExec, timeoutToRecognize).
		Scan(&version, &isReplica, &encoding, &isReadOnly, &timeout)
	switch {
	case err != nil:
		return false, err
	case isReplica:
		return false, errReplica
	case isReadOnly:
		return false, fmt.Errorf("the database is read-only, because default_transaction_read_only is on: turn it off for the role %s, "+
			"the database %s and the server", address.config.User, address.config.Database)
	}
	if err := refuseOld(version); err != nil {
		return false, err
	}
	return isPooled || timeout != lockTimeout, refuseEncoding(encoding, address)
}

// refuseOld fails for a server that is too old. The version is a number such as 150004, from the
// server's setting server_version_num.
func refuseOld(version int) error {
	if major := version / 10_000; major < oldest {
		return fmt.Errorf("the server is PostgreSQL %d; Cardea needs %d or later", major, oldest)
	}
	return nil
}

// refuseEncoding fails for a database with another encoding than UTF8. Cardea writes texts in UTF-8,
// and a dump of such a database would convert them as if they had its encoding.
func refuseEncoding(encoding string, address Address) error {
	if encoding == "UTF8" || encoding == "SQL_ASCII" { // SQL_ASCII: nothing is converted
		return nil
	}
	return fmt.Errorf("the database has the encoding %s, but Cardea needs UTF8: create another one with "+
		"CREATE DATABASE name OWNER %s ENCODING 'UTF8' TEMPLATE template0", encoding, address.config.User)
}
