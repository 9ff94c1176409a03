package postgres

import (
	"context"
	"crypto/x509"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Options say how a server differs from others.
type Options struct {
	// Settings are lines of postgresql.conf, such as "max_connections=20". The server takes 500
	// connections and does not wait for the disk: its data may even be in memory. With
	// "fsync=on" the data is on the disk.
	Settings []string
	// Passwords makes roles sign in with SCRAM-SHA-256. Addresses have the passwords.
	Passwords bool
	// TLS refuses connections without TLS. Addresses have the path of the certificate.
	TLS bool
	// Data is an empty folder for the data, such as a small file system of 100 MB. It gets another owner.
	Data string
	// Certificate changes the certificate for TLS before it is signed; nil: it is for 127.0.0.1 and
	// localhost, and valid for a day. With it, addresses do not ask to verify the certificate.
	Certificate func(*x509.Certificate)
}

// Server is a PostgreSQL server of one test. Its methods fail the test if something fails.
type Server struct {
	t testing.TB
	c *cluster
}

// Start starts a server, which ends together with the test. It takes half a second. Without
// PostgreSQL the test ends as [need.Missing] says, whose part is postgres.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	c, err := launch(find(t), options)
	s := &Server{t, c}
	s.must(err)
	t.Cleanup(c.remove)
	return s
}

// Run starts a server for a program that is not a test, such as a benchmark. newDatabase returns
// the address of an empty database, like [Server.Database]. Call stop at the end; it removes the
// server with its data. If the program is killed, both end as well.
func Run(options Options) (newDatabase func(context.Context) (address string, err error), stop func(), err error) {
	programs, err := programs()
	if err != nil {
		return nil, nil, err
	}
	c, err := launch(programs, options)
	if err != nil {
		return nil, nil, err
	}
	newDatabase = func(ctx context.Context) (string, error) {
		_, address, err := c.newDatabase(ctx)
		return address, err
	}
	return newDatabase, c.remove, nil
}

// launch starts a server with a new data folder.
func launch(programs string, options Options) (*cluster, error) {
	c := &cluster{Options: options, programs: programs}
	err := c.initialize()
	if err == nil {
		err = c.start()
	}
	if err != nil {
		c.remove()
	}
	return c, err
}

// Database makes an empty database, and returns its address: that of a role which owns it and may
// nothing else.
func (s *Server) Database() string {
	s.t.Helper()
	_, address, err := s.c.newDatabase(s.t.Context())
	s.must(err)
	return address
}

// Superuser is the address of a database for the role that has all rights.
func (s *Server) Superuser(database string) string {
	return s.c.address(superuser, s.c.password, database)
}

// Port is where the server listens on 127.0.0.1. It stays the same.
func (s *Server) Port() int { return s.c.port }

// Certificate is the path of the certificate that vouches for the server, in PEM.
func (s *Server) Certificate() string { return s.c.certificate }

// Log is what the server has said since its last start.
func (s *Server) Log() string { return s.c.process.Log() }

// Exec runs a statement as the superuser, in the database postgres.
func (s *Server) Exec(statement string) {
	s.t.Helper()
	s.must(s.c.run(s.t.Context(), statement))
}

// Value is the only value that a query of the superuser finds in the database postgres, as text.
func (s *Server) Value(query string) (value string) {
	s.t.Helper()
	ctx := s.t.Context()
	connection, err := pgx.Connect(ctx, s.Superuser("postgres"))
	s.must(err)
	defer connection.Close(context.WithoutCancel(ctx)) //nolint:errcheck // everything is answered
	var found any
	if err := connection.QueryRow(ctx, query).Scan(&found); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return fmt.Sprint(found)
}

// Stop ends the server, and with it all connections. Immediately means as after a crash: the next
// start recovers the data.
func (s *Server) Stop(immediately bool) {
	s.t.Helper()
	s.must(s.c.stop(immediately))
}

// Start starts the server again, on the same port and with the same data.
func (s *Server) Start() {
	s.t.Helper()
	s.must(s.c.start())
}

// Restart is like pg_ctl restart, with -m immediate or -m fast.
func (s *Server) Restart(immediately bool) {
	s.t.Helper()
	s.Stop(immediately)
	s.Start()
}

func (s *Server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("PostgreSQL: %v", err)
	}
}
