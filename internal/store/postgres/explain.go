package postgres

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cardea-accounts/cardea/internal/pgaddress"
	"github.com/cardea-accounts/cardea/internal/store"
)

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
		advice = fmt.Sprintf("the password of %s is missing: the file %s is ignored, because its group or others have access to it; run chmod 600 %[2]s",
			user, address.ignored)
	case code(err) == codeWrongPassword:
		advice = fmt.Sprintf("the password of %s is wrong or missing: see database-password-file, PGPASSFILE and PGPASSWORD", user)
	case code(err) == codeNoDatabase:
		advice = fmt.Sprintf("there is no database %s: create it with CREATE DATABASE %[1]s OWNER %s", database, user)
	case isConnect && code(err) == codeNoRight:
		advice = fmt.Sprintf("the role %s may not connect to the database %s: run GRANT CONNECT ON DATABASE %[2]s TO %[1]s as an administrator", user, database)
	case code(err) == codeNoRight, code(err) == codeNoSchema: // of a schema that the role may not use
		advice = fmt.Sprintf("the role %s may not create tables in the schema %s: run CREATE SCHEMA %s AUTHORIZATION %[1]s as an administrator; "+
			"if the schema exists, use the role that owns it, or run ALTER SCHEMA %[3]s OWNER TO %[1]s", user, address.schema, address.quoted())
	case isConnect && code(err) == codeTooMany:
		advice = pgaddress.Problem(failed) + ": raise max_connections of the server, or lower pool_max_conns of its clients"
	case isConnect && wants(failed, "read only connection"):
		return fmt.Errorf("%v: %w", address, errReplica)
	case isConnect && code(err) == "" && wants(failed, "server refused TLS connection"): // with sslmode=prefer, the server may refuse more
		advice = "the server has no TLS, but sslmode requires it: set up TLS there, or use sslmode=disable on a network that you trust"
	case isConnect && wants(failed, "no encryption"):
		advice = "the server accepts no connection without TLS: use sslmode=verify-full"
	case isConnect && wants(failed, "x509: "):
		advice = certificateProblem(failed)
	case isConnect:
		advice = pgaddress.Problem(failed)
	case wants(err, "query_wait_timeout"):
		advice = "pgbouncer has no free connection: raise its default_pool_size; Cardea keeps one of them in use, and needs pool_max_conns of them to be fast"
	case wants(err, "query_timeout"):
		advice = "a statement took longer than query_timeout of pgbouncer: raise query_timeout, or default_pool_size if statements wait for a connection"
	case wants(err, "statement pooling mode"):
		advice = "pgbouncer refuses transactions: set pool_mode = transaction for this database"
	case code(err) == codeDuplicateTable:
		advice = fmt.Sprintf("the schema %s has tables of another program: choose another schema with schema=name in the address (%s)", address.schema, pgaddress.Problem(err))
	case errors.Is(err, store.ErrNoCardea):
		return fmt.Errorf("%v: %w in the schema %s: if the schema is the right one and new, start cardea serve once to create them; "+
			"if they were removed, restore a backup", address, ErrNoTables, address.schema)
	default:
		return fmt.Errorf("%v: %w", address, err)
	}
	return fmt.Errorf("%v: %s", address, strings.TrimSpace(advice))
}

// certificateProblem says why the certificate of a server is refused, and what to do.
func certificateProblem(failed *pgconn.ConnectError) string {
	reason := " (" + pgaddress.Problem(failed) + ")"
	if other, ok := errors.AsType[x509.HostnameError](failed); ok {
		return "the certificate of the server is not for the name " + other.Host + ": use a name of the certificate in the address, or make a certificate for this one" + reason
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](failed); ok && invalid.Reason == x509.Expired {
		return "the certificate of the server has expired, or the clock of a machine is wrong: renew the certificate on the server" + reason
	}
	return "the certificate of the server is not trusted: name the certificate that signed it with sslrootcert=file" + reason
}
