// Package pgbouncer runs a real pgbouncer in front of a PostgreSQL for tests, in transaction mode:
// between transactions, a client keeps no connection of the server, and no state of one.
package pgbouncer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cardea-accounts/cardea/internal/testkit/need"
	"github.com/cardea-accounts/cardea/internal/testkit/process"
)

// Admin is the database in which the role of the address can ask pgbouncer itself, such as by
// SHOW POOLS.
const Admin = "pgbouncer"

// Start runs pgbouncer in front of the database at an address, and returns the address of the
// same database through it, without password and TLS. Settings are lines of pgbouncer.ini, such as
// "default_pool_size = 2". It ends together with the test, or with the test program, even if that
// is killed. Without pgbouncer the test ends as [need.Missing] says, whose part is pgbouncer.
func Start(t testing.TB, address string, settings ...string) string {
	t.Helper()
	path := find(t)
	folder, remove, err := process.Folder("pgbouncer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	var errs error
	for range 3 { // another program may take the port first
		port, err := process.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		through, running, err := start(path, folder, port, address, settings)
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		t.Cleanup(func() {
			if err := running.Stop(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		})
		return through
	}
	t.Fatalf("pgbouncer: %v", errs)
	return ""
}

// start runs pgbouncer on a port. Only this one knows its operator, so another one on the same port is
// not mistaken for it.
func start(path, folder string, port int, address string, settings []string) (through string, _ *process.Process, err error) {
	server, err := pgx.ParseConfig(address)
	if err != nil {
		return "", nil, err
	}
	operator := "operator-" + rand.Text()
	ini, err := configure(folder, port, operator, server, address, settings)
	if err != nil {
		return "", nil, err
	}
	at := url.URL{Scheme: "postgres", User: url.User(server.User), Host: "127.0.0.1:" + strconv.Itoa(port), Path: "/" + server.Database, RawQuery: "sslmode=disable"}
	admin := at
	admin.User, admin.Path = url.User(operator), "/"+Admin
	running, err := process.Start(process.Program{
		Path: path, Args: []string{ini}, Folder: folder, AtEnd: "TERM",
		IsReady: func(ctx context.Context) error { return ping(ctx, admin.String()) },
	})
	return at.String(), running, err
}

// find returns the path of pgbouncer, which Debian installs for administrators.
func find(t testing.TB) string {
	t.Helper()
	const debian = "/usr/sbin/pgbouncer"
	if _, err := os.Stat(debian); err == nil {
		return debian
	}
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		need.Missing(t, "pgbouncer", err.Error(), "install Debian's package pgbouncer")
	}
	return path
}

// configure writes the files of pgbouncer, and returns the path of the first one. The operator may ask
// pgbouncer itself, and so may the role of the address.
func configure(folder string, port int, operator string, server *pgx.ConnConfig, address string, settings []string) (ini string, err error) {
	lines := []string{
		"[databases]",
		fmt.Sprintf("%s = host=%s port=%d", server.Database, server.Host, server.Port),
		"[pgbouncer]",
		"listen_addr = 127.0.0.1",
		fmt.Sprintf("listen_port = %d", port),
		"unix_socket_dir =",
		"pool_mode = transaction",
		"auth_type = trust",
		"auth_file = users.txt",
		"admin_users = " + server.User + ", " + operator,
	}
	if server.TLSConfig != nil {
		parsed, err := url.Parse(address)
		if err != nil {
			return "", err
		}
		query := parsed.Query()
		lines = append(lines, "server_tls_sslmode = "+query.Get("sslmode"))
		if root := query.Get("sslrootcert"); root != "" {
			lines = append(lines, "server_tls_ca_file = "+root)
		}
	}
	ini = filepath.Join(folder, "pgbouncer.ini")
	for path, content := range map[string]string{
		ini:                                strings.Join(append(lines, settings...), "\n") + "\n",
		filepath.Join(folder, "users.txt"): fmt.Sprintf("%q %q\n%q \"\"\n", server.User, server.Password, operator),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	return ini, process.Give(folder)
}

// ping asks pgbouncer itself, so no connection of the server is made yet.
func ping(ctx context.Context, admin string) error {
	connection, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	return connection.Close(ctx)
}
