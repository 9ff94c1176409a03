package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cardea-accounts/cardea/internal/pgaddress"
	"github.com/cardea-accounts/cardea/internal/store"
)

// oldest is the oldest server that Cardea is tested with.
const oldest = 15

var (
	errReplica = errors.New("it is a read-only replica: name the primary, or all servers with target_session_attrs=read-write")
	// ErrNoTables means that the schema or its tables are not there.
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
	var isReplica bool
	var timeout, encoding string
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('server_encoding'),
		(SELECT setting FROM pg_settings WHERE name = $1)`, pgx.QueryExecModeExec, timeoutToRecognize).
		Scan(&version, &isReplica, &encoding, &timeout)
	switch {
	case err != nil:
		return false, err
	case isReplica:
		return false, errReplica
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

// refuseEncoding fails for a database whose texts a dump would convert from another encoding than
// the one in which Cardea writes them.
func refuseEncoding(encoding string, address Address) error {
	if encoding == "UTF8" || encoding == "SQL_ASCII" { // the latter converts nothing
		return nil
	}
	return fmt.Errorf("the database has the encoding %s, Cardea needs UTF8: create another one with "+
		"CREATE DATABASE name OWNER %s ENCODING 'UTF8' TEMPLATE template0", encoding, address.config.User)
}

// explain says in one line why a database cannot be opened, and what to do.
func explain(address Address, err error) error {
	if err == nil || errors.Is(err, ErrInUse) {
		return err
	}
	failed, isConnect := errors.AsType[*pgconn.ConnectError](err)
	user, database := address.config.User, address.config.Database
	var advice string
	switch {
	case code(err) == codeWrongPassword && address.ignored != "":
		advice = fmt.Sprintf("the password of %s is missing: the file %s does not count, because its group or others have access to it; run chmod 600 %[2]s",
			user, address.ignored)
	case code(err) == codeWrongPassword:
		advice = fmt.Sprintf("the password of %s is wrong or missing: see database-password-file, PGPASSFILE and PGPASSWORD", user)
	case code(err) == codeNoDatabase:
		advice = fmt.Sprintf("there is no database %s: create it with CREATE DATABASE %[1]s OWNER %s", database, user)
	case code(err) == codeNoRight, code(err) == codeNoSchema: // of a schema that the role may not use
		advice = fmt.Sprintf("the role %s may not create tables in the schema %s: run CREATE SCHEMA %[2]s AUTHORIZATION %[1]s as an administrator; "+
			"if the schema exists, use the role that owns it, or run ALTER SCHEMA %[2]s OWNER TO %[1]s", user, address.schema)
	case isConnect && code(err) == codeTooMany:
		advice = pgaddress.Problem(failed) + ": raise max_connections of the server, or lower pool_max_conns of its clients"
	case isConnect && wants(failed, "read only connection"):
		return fmt.Errorf("%v: %w", address, errReplica)
	case isConnect && wants(failed, "server refused TLS connection"):
		advice = "the server has no TLS, but sslmode requires it: set up TLS there, or use sslmode=disable on a network that you trust"
	case isConnect && wants(failed, "no encryption"):
		advice = "the server accepts no connection without TLS: use sslmode=verify-full"
	case isConnect && wants(failed, "x509: "):
		advice = "the certificate of the server is not trusted: name the certificate that signed it with sslrootcert=file (" + pgaddress.Problem(failed) + ")"
	case isConnect:
		advice = pgaddress.Problem(failed)
	case errors.Is(err, store.ErrNoCardea):
		return fmt.Errorf("%v: %w in the schema %s: if it is the right one and new, start cardea serve once, which makes them; "+
			"if they were removed, restore a backup", address, ErrNoTables, address.schema)
	default:
		return fmt.Errorf("%v: %w", address, err)
	}
	return fmt.Errorf("%v: %s", address, strings.TrimSpace(advice))
}
