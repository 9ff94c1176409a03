package postgres

import (
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// A certificate that does not do: the error says whether its name or its time is wrong.
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
