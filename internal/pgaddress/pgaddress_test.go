package pgaddress_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/pgaddress"
)

// An address whose password has a character that ends it is refused, and nothing of it is shown.
func TestAddressWithSpecialCharacters(t *testing.T) {
	for _, wrong := range []string{
		"postgres:p@ss/w:rd@host/db", "u:p@ss@host/db", "u:pa/ss@host/db", "u:pa?ss@host/db", "u:pa#ss@host/db", "u:pa#ss", "u:p%ss@host/db",
		"u:pa ss@host/db", "u:pa\\ss@host/db", "u:p[ss@host/db",
	} {
		err := pgaddress.CheckClear("postgres://" + wrong)
		if err == nil || strings.Contains(err.Error(), "ss@") || strings.Contains(err.Error(), "host") || !strings.Contains(err.Error(), "PGPASSFILE") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	for _, right := range []string{
		"u:p%40ss%2Fw:rd@host/db", "host/db", "/db?host=/run/postgresql", "u@h1:5432,h2/db?sslmode=disable", "u:@[::1]:5432/db", "u@%2Frun/db",
	} {
		if err := pgaddress.CheckClear("postgres://" + right); err != nil {
			t.Errorf("%s: %v", right, err)
		}
	}
}

// The cause of a failed connection is said in one line, the answer of a server first.
func TestProblem(t *testing.T) {
	for text, want := range map[string]string{
		"failed to connect to `user=a database=b`:\n\t[::1]:1 (localhost): tls error: x\n\t[::1]:1 (localhost): dial error: dial tcp [::1]:1: connect: connection refused\n" +
			"\t127.0.0.1:1 (localhost): server error: FATAL: password authentication failed for user \"a\" (SQLSTATE 28P01)\n" +
			"\t127.0.0.1:1 (localhost): tls error: server refused TLS connection": "password authentication failed for user \"a\" (127.0.0.1:1); connection refused ([::1]:1)",
		"failed to connect to `user=a database=b`: hostname resolving error: lookup x.invalid: no such host": "lookup x.invalid: no such host",
		"timeout": "timeout",
	} {
		if got := pgaddress.Problem(errors.New(text)); got != want {
			t.Errorf("%s", got)
		}
	}
}
