package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// A server that starts at the same moment as PostgreSQL waits for it, and says why.
func TestServeWaitsForPostgreSQL(t *testing.T) {
	t.Parallel()
	db := postgres.Start(t, postgres.Options{})
	address := db.Database()
	db.Stop(false)
	p := waiting(t, filepath.Join(t.TempDir(), "data"), address)
	run(t, nil, "user", "list", "--data", t.TempDir(), "--database", address).wantEnd(exitFailed, "connection refused")
	db.Start()
	s := awaitServer(p)
	s.client().Register("ada@example.com").Want(201)
	s.stop()
	if log := p.stderr.String(); !strings.Contains(log, "the wait for PostgreSQL is over") {
		t.Errorf("the log: %s", log)
	}
}

// A server that waits stops at once when it is told to. It has changed nothing.
func TestServeStopsWhileItWaits(t *testing.T) {
	t.Parallel()
	db := postgres.Start(t, postgres.Options{})
	address := db.Database()
	db.Stop(false)
	data := filepath.Join(t.TempDir(), "data")
	p := waiting(t, data, address)
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != exitOK || p.stdout.String() != "" {
		t.Errorf("exit code %d; stdout: %s; stderr: %s", code, &p.stdout, &p.stderr)
	}
	if _, err := os.Stat(filepath.Join(data, "secret.key")); !os.IsNotExist(err) {
		t.Errorf("secret.key: %v", err)
	}
}

// waiting starts a server whose PostgreSQL is down, and returns when it says that it waits.
func waiting(t *testing.T, data, address string) *process {
	t.Helper()
	p := launch(t, serveCommand(t, data, "--database", address))
	eventually(t, "the server waits", func() bool {
		log := p.stderr.String()
		return strings.Contains(log, "waiting for PostgreSQL") && strings.Contains(log, "connection refused")
	})
	return p
}
