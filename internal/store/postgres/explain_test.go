package postgres

import (
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/pgbouncer"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// If a certificate is refused, the error says whether its name or its time is wrong.
func TestCertificates(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*x509.Certificate){
		"the certificate of the server is not for the name 127.0.0.1: use a name of the certificate": func(c *x509.Certificate) {
			c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 9)}
		},
		"the certificate of the server has expired": func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) },
	} {
		server := testpostgres.Start(t, testpostgres.Options{TLS: true, Certificate: change})
		if got := problem(t, strings.ReplaceAll(server.Database(), "sslmode=require", "sslmode=verify-full&sslrootcert="+server.Certificate()), ""); !strings.Contains(got, says) ||
			strings.Contains(got, "sslrootcert=") {
			t.Error(got)
		}
	}
}

// A role may be kept from connecting to a database.
func TestNoConnect(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{})
	address := server.Database()
	user := name(t, address)
	server.Exec("ALTER DATABASE " + user + " OWNER TO postgres")
	server.Exec("REVOKE CONNECT ON DATABASE " + user + " FROM PUBLIC")
	if got := problem(t, address, ""); !strings.Contains(got, "run GRANT CONNECT ON DATABASE "+user+" TO "+user) || strings.Contains(got, "SCHEMA") {
		t.Error(got)
	}
}

// With sslmode=prefer, a server without TLS is named with the reason why it refuses a connection.
func TestNoConnectionsAllowed(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{})
	address := changed(t, server.Database(), func(_ *url.URL, q url.Values) { q.Set("sslmode", "prefer") })
	server.Exec("ALTER DATABASE " + name(t, address) + " ALLOW_CONNECTIONS false")
	if got := problem(t, address, ""); !strings.Contains(got, "is not currently accepting connections") || strings.Contains(got, "TLS") {
		t.Error(got)
	}
}

// A database may be set to read-only.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	address := testpostgres.Database(t)
	user := name(t, address)
	run(t, address, "ALTER ROLE "+user+" SET default_transaction_read_only = on")
	want := "default_transaction_read_only is on: turn it off for the role " + user + ", the database " + user + " and the server"
	if got := problem(t, address, ""); !strings.Contains(got, want) {
		t.Error(got)
	}
}

// A schema may belong to another program, which has a table of the same name.
func TestTablesOfAnother(t *testing.T) {
	t.Parallel()
	address := testpostgres.Database(t)
	run(t, address, "CREATE SCHEMA cardea CREATE TABLE users (id int)")
	want := `the schema cardea has tables of another program: choose another schema with schema=name in the address`
	if got := problem(t, address, ""); !strings.Contains(got, want) {
		t.Error(got)
	}
}

// A role that may only read can run no command that writes.
func TestOnlyReads(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{})
	address := server.Database()
	owner := name(t, address)
	openedAt(t, address)
	for _, statement := range []string{
		"CREATE ROLE reader LOGIN", "GRANT USAGE ON SCHEMA cardea TO reader", "GRANT SELECT ON ALL TABLES IN SCHEMA cardea TO reader",
	} {
		run(t, server.Superuser(owner), statement)
	}
	db, err := OpenExisting(t.Context(), parsed(t, strings.Replace(address, owner+"@", "reader@", 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing was written
	err = db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetMark(t.Context(), store.FlaskFrom, time.Now()) })
	want := "permission denied for table marks: use the role that owns the schema cardea, or give reader the right"
	if !errors.Is(err, store.ErrUnavailable) || err.Error() != want {
		t.Error(err)
	}
}

// If Cardea cannot work through pgbouncer, the error names the setting to change.
func TestPoolers(t *testing.T) {
	t.Parallel()
	for says, settings := range map[string][]string{
		"pgbouncer refuses transactions: set pool_mode = transaction":   {"pool_mode = statement"},
		"pgbouncer has no free connection: raise its default_pool_size": {"default_pool_size = 1", "query_wait_timeout = 1"},
		"a statement took longer than query_timeout of pgbouncer":       {"default_pool_size = 1", "query_timeout = 1"},
	} {
		if got := problem(t, pgbouncer.Start(t, testpostgres.Database(t), settings...), ""); !strings.Contains(got, says) {
			t.Error(got)
		}
	}
}

// If a parameter is wrong, the error names it.
func TestParameters(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "root.crt")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for parameters, says := range map[string]string{
		"connect_timeout=abc":                      "a connect_timeout in whole seconds",
		"connect_timeout=-1":                       "a connect_timeout in whole seconds",
		"sslmode=verify-full&sslrootcert=" + empty: "sslrootcert: the file " + empty + " has no certificate in PEM",
	} {
		if _, err := ParseAddress("postgres://user@host/database?"+parameters, ""); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("%s: %v", parameters, err)
		}
	}
}
