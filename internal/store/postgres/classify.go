package postgres

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cardea-accounts/cardea/internal/pgaddress"
	"github.com/cardea-accounts/cardea/internal/store"
)

// https://www.postgresql.org/docs/current/errcodes-appendix.html explains these codes.
const (
	codeForeignKey     = "23503"
	codeUnique         = "23505"
	codeReadOnly       = "25006" // read_only_sql_transaction: a replica, or a primary that became one
	codeAborted        = "25P02" // in_failed_sql_transaction: an earlier statement has failed
	codeIdle           = "25P03" // idle_in_transaction_session_timeout, which ends the connection
	codeTooLong        = "25P04" // transaction_timeout of PostgreSQL 17, too
	codeSerialization  = "40001"
	codeDeadlock       = "40P01"
	codeNoRight        = "42501"
	codeNoSchema       = "3F000"
	codeNoDatabase     = "3D000"
	codeDuplicateTable = "42P07"
	codeDependents     = "2BP01" // dependent_objects_still_exist
	codeDiskFull       = "53100"
	codeTooMany        = "53300" // too_many_connections
	codeLockTimeout    = "55P03"
	codeCanceled       = "57014" // by statement_timeout
	codeProtocol       = "08P01" // from pgbouncer: a setting that it does not know
	codeNoPassword     = "28000" // also: pg_hba.conf has no entry
	codeWrongPassword  = "28P01"
	classConnection    = "08"
	classResources     = "53"
	classUnusable      = "55"
	classIntervention  = "57" // the server stops, starts or crashed
	classSystem        = "58"
	classDamaged       = "XX"
	classAuthorization = "28"
)

// lost is the error of a failed or broken connection. It hides the driver's error, which may belong
// to a context that is not the caller's.
type lost struct {
	text     string
	mayRetry bool   // the server may be back in a moment
	brief    string // what an operator must correct; empty: nothing
}

func (l *lost) Error() string { return l.text }

func (*lost) Is(target error) bool { return target == store.ErrUnavailable }

// Brief says in a few words why the server refuses the connection; empty: it does not. Anyone may read
// it.
func (l *lost) Brief() string { return l.brief }

// denied is the error of a statement for which the role lacks a right.
type denied struct {
	text  string
	cause error
}

func (d *denied) Error() string { return d.text }

func (d *denied) Unwrap() error { return d.cause }

func (*denied) Is(target error) bool { return target == store.ErrUnavailable }

// Classify implements [store.Engine].
func (e *engine) Classify(err error) error {
	if broken := lostBy(err); broken != nil {
		return broken
	}
	if code(err) == codeNoRight {
		return &denied{fmt.Sprintf("%s: use the role that owns the schema %s, or give %s the right", pgaddress.Problem(err), e.address.schema, e.address.config.User), err}
	}
	if meaning := meaningOf(code(err)); meaning != nil && !errors.Is(err, meaning) {
		return fmt.Errorf("%w: %w", meaning, err)
	}
	return err
}

// lostBy returns the error of a failed or broken connection. It returns nil for other errors, and
// for those of the caller's context.
func lostBy(err error) *lost {
	if known, ok := errors.AsType[*lost](err); ok {
		return known
	}
	if failed, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		brief := refusal(failed)
		return &lost{"cannot connect to PostgreSQL: " + pgaddress.Problem(failed), brief == "", brief}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if endsConnection(code(err)) {
		return &lost{"PostgreSQL ended the connection: " + err.Error(), true, ""}
	}
	var network net.Error
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.As(err, &network) || isClosed(err) {
		return &lost{"the connection to PostgreSQL broke: " + err.Error(), true, ""}
	}
	return nil
}

// endsConnection reports whether the server ends the connection after an error with this code.
func endsConnection(code string) bool {
	switch first2(code) {
	case classConnection:
		return true
	case classIntervention:
		return code != codeCanceled
	}
	return code == codeIdle || code == codeTooLong
}

// isClosed reports whether pgx refused to use a connection that had broken before, or found it
// closed while it waited for an answer.
func isClosed(err error) bool { return pgconn.SafeToRetry(err) || errors.Is(err, pgconn.ErrConnClosed) }

// refusal says why the server, or TLS, refused the connection, if the reason will not go away by
// itself; empty otherwise.
func refusal(err error) string {
	certificate, isTLS := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case isTLS && certificate != nil:
		return "has a certificate that is not trusted"
	case class(err) == classAuthorization:
		return "refuses the user or the password"
	case code(err) == codeNoDatabase:
		return "is not on its server"
	}
	return ""
}

// meaningOf returns the store's error for a code; nil if the store has none.
func meaningOf(code string) error {
	switch code {
	case codeUnique:
		return store.ErrDuplicate
	case codeForeignKey:
		return store.ErrNotFound
	case codeDiskFull:
		return store.ErrFull
	case codeReadOnly, codeSerialization, codeDeadlock:
		return store.ErrUnavailable
	case "XX001", "XX002": // data_corrupted, index_corrupted
		return store.ErrDamaged
	}
	switch first2(code) {
	case classResources, classUnusable, classIntervention, classSystem, classAuthorization:
		return store.ErrUnavailable
	}
	return nil
}

// IsRetryable reports whether a transaction failed because it conflicted with another one, the
// server had no free connection, or the connection broke. It also does so for a transaction that
// continued after another one had taken a unique value: the second run sees the other's row.
func (*engine) IsRetryable(err error) bool {
	if broken := lostBy(err); broken != nil {
		return broken.mayRetry
	}
	switch code(err) {
	case codeAborted, codeReadOnly, codeTooMany, codeLockTimeout: // read-only: the next connection may lead to the new primary
		return true
	}
	return isConflict(err)
}

// IsRefused reports whether the server refused to commit because of another transaction. If the
// connection broke, it may have committed.
func (*engine) IsRefused(err error) bool { return isConflict(err) }

func isConflict(err error) bool {
	return code(err) == codeSerialization || code(err) == codeDeadlock
}

// IsSchemaError reports whether a table, column or function is missing or different.
func (*engine) IsSchemaError(err error) bool {
	switch code(err) {
	case "42P01", "42703", "42804", "42883", codeNoSchema: // undefined_table, undefined_column, datatype_mismatch, undefined_function
		return true
	}
	return false
}

// code returns the SQLSTATE code of a server's error; empty: there is none.
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func class(err error) string { return first2(code(err)) }

func first2(code string) string { return code[:min(2, len(code))] }

// wants reports whether the text of a connection error has these words. pgx has no codes for them.
func wants(err error, words string) bool { return strings.Contains(err.Error(), words) }
