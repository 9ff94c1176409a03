package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Await waits until a server can be used, for at most patience. It calls waiting with the reason for
// the wait, and again whenever the reason changes. It returns at once if waiting cannot help, for
// example because the password is wrong. It does not return that error, because opening the database
// will. The only error is that of ctx.
func Await(ctx context.Context, address Address, patience time.Duration, waiting func(reason error)) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for told := ""; ; {
		_, err := probe(bounded, address)
		if err == nil || bounded.Err() != nil || !mayCome(err) {
			return ctx.Err()
		}
		if reason := explain(address, err); reason.Error() != told {
			told = reason.Error()
			waiting(reason)
		}
		wait := time.NewTimer(awaitInterval)
		select {
		case <-wait.C:
		case <-bounded.Done():
			wait.Stop()
		}
	}
}

const awaitInterval = 250 * time.Millisecond

// mayCome reports whether a server that cannot be used may be usable soon, because it is starting,
// stopping or failing over, has no free connection, or cannot be reached. With target_session_attrs,
// a replica may be about to become the primary, even if it is the only host.
func mayCome(err error) bool {
	broken := lostBy(err)
	if broken == nil {
		return first2(code(err)) == classResources
	}
	failed, isConnect := errors.AsType[*pgconn.ConnectError](err)
	if !broken.mayRetry || !isConnect {
		return broken.mayRetry
	}
	if code(failed) != "" || wants(failed, "read only connection") { // with sslmode=prefer, TLS may have been refused before
		return code(failed) != codeProtocol
	}
	return !wants(failed, "server refused TLS connection") && !wants(failed, "x509: ")
}
