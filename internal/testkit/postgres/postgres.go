// Package postgres runs a real PostgreSQL for tests, from the server's programs on this
// machine. All tests of a program share one server; each gets a database of its own.
package postgres

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of PostgreSQL

	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// patience bounds the start of the server, which takes two seconds.
const patience = time.Minute

// Database makes an empty database, and returns its address: that of a role which owns it and
// may nothing else. Without PostgreSQL the test ends as [need.Missing] says, whose part is
// postgres.
func Database(t testing.TB) string {
	t.Helper()
	programs, err := find()
	if err != nil {
		need.Missing(t, "postgres", err.Error(), "install Debian's package postgresql")
	}
	startOnce.Do(func() { running, startErr = start(programs) })
	if startErr != nil {
		t.Fatalf("PostgreSQL does not start: %v", startErr)
	}
	address, err := running.newDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

var (
	startOnce sync.Once
	running   *server
	startErr  error
)

// Main runs the tests of a package, and ends the server after them.
func Main(m *testing.M) {
	code := m.Run()
	if running != nil {
		running.stop()
	}
	os.Exit(code)
}

// find returns the folder of the newest server's programs.
func find() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // as Debian installs them
	if err != nil || len(found) == 0 {
		path, err := exec.LookPath("postgres")
		return filepath.Dir(path), err
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return versionOf(a) - versionOf(b) })
	return filepath.Dir(newest), nil
}

func versionOf(program string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(program)))) // zero: an odd folder
	return n
}

// server is a PostgreSQL of the tests.
type server struct {
	folder    string
	command   *exec.Cmd
	ended     chan struct{}
	port      int
	admin     *sql.DB
	databases atomic.Int64
}

func start(programs string) (_ *server, err error) {
	s := &server{ended: make(chan struct{})}
	if s.folder, err = os.MkdirTemp("", "cardea-postgres-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if err := toOrdinaryUser(s.folder); err != nil {
		return nil, err
	}
	if err := s.initialize(programs); err != nil {
		return nil, err
	}
	if err := s.run(programs); err != nil {
		return nil, err
	}
	s.admin, err = sql.Open("pgx", s.address("postgres", "postgres"))
	return s, err
}

// program is one of PostgreSQL's, run by an ordinary user.
func (s *server) program(ctx context.Context, path string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, path, args...) //nolint:gosec // of this machine
	command.Dir = s.folder
	asOrdinaryUser(command)
	return command
}

func (s *server) data() string { return filepath.Join(s.folder, "data") }

func (s *server) initialize(programs string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	initdb := s.program(ctx, filepath.Join(programs, "initdb"), "--pgdata="+s.data(), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}

// run starts the server, and waits until it takes connections.
func (s *server) run(programs string) (err error) {
	if s.port, err = freePort(); err != nil {
		return err
	}
	s.command = s.program(context.Background(), filepath.Join(programs, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.port), "-h", "127.0.0.1", "-k", "",
		"-c", "fsync=off", "-c", "max_connections=200", "-c", "log_min_messages=log")
	output, err := s.command.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.command.Start(); err != nil {
		return err
	}
	ready := make(chan error, 1)
	go func() {
		var said []string
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			if said = append(said, lines.Text()); strings.Contains(lines.Text(), "ready to accept connections") {
				ready <- nil
				break
			}
		}
		_, _ = io.Copy(io.Discard, output) // until it ends
		ready <- errors.New(strings.Join(said, "\n"))
		_ = s.command.Wait() // it was told to end
		close(s.ended)
	}()
	select {
	case err := <-ready:
		return err
	case <-time.After(patience):
		return fmt.Errorf("not ready within %v", patience)
	}
}

// stop ends the server at once, and removes its folder.
func (s *server) stop() {
	if s.admin != nil {
		_ = s.admin.Close() // the server ends
	}
	if s.command != nil && s.command.Process != nil {
		_ = s.command.Process.Signal(immediately)
		<-s.ended
	}
	_ = os.RemoveAll(s.folder)
}

func (s *server) address(role, database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", role, s.port, database)
}

// newDatabase makes a database and its owner.
func (s *server) newDatabase(ctx context.Context) (string, error) {
	name := fmt.Sprint("test", s.databases.Add(1))
	for _, statement := range []string{"CREATE ROLE " + name + " LOGIN", "CREATE DATABASE " + name + " OWNER " + name} {
		if _, err := s.admin.ExecContext(ctx, statement); err != nil {
			return "", err
		}
	}
	return s.address(name, name), nil
}

func freePort() (int, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()                          //nolint:errcheck // it only found a port
	return l.Addr().(*net.TCPAddr).Port, nil //nolint:forcetypeassert // of tcp
}
