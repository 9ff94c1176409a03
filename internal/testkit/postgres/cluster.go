package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cardea-accounts/cardea/internal/testkit/process"
)

// patience bounds the programs that make a data folder. They take half a second.
const patience = time.Minute

// superuser has all rights in every cluster.
const superuser = "postgres"

// cluster is a server with its data folder.
type cluster struct {
	Options
	programs     string // the folder of PostgreSQL's programs
	folder       string // a temporary one, for the data unless Options.Data is set
	removeFolder func()
	password     string // of the superuser, if there are passwords
	certificate  string // the path of the certificate, if there is TLS
	key          string // and of its key
	port         int
	process      *process.Process
	databases    atomic.Int64
}

func (c *cluster) data() string {
	if c.Data != "" {
		return c.Data
	}
	return filepath.Join(c.folder, "data")
}

// initialize makes the data folder of a primary.
func (c *cluster) initialize() (err error) {
	if err := c.prepare(); err != nil {
		return err
	}
	c.password = c.newPassword()
	// Small segments of the log make the folder smaller by a third.
	args := []string{"--pgdata=" + c.data(), "--username=" + superuser, "--encoding=UTF8", "--locale=C", "--no-sync", "--wal-segsize=1"}
	if c.Passwords {
		file := filepath.Join(c.folder, "password")
		if err := os.WriteFile(file, []byte(c.password), 0o600); err != nil {
			return err
		}
		if err := process.Give(file); err != nil {
			return err
		}
		args = append(args, "--pwfile="+file, "--auth=scram-sha-256")
	} else {
		args = append(args, "--auth=trust")
	}
	if err := c.program("initdb", nil, args...); err != nil {
		return err
	}
	if c.TLS {
		return c.requireTLS()
	}
	return nil
}

// prepare makes the folders.
func (c *cluster) prepare() (err error) {
	folder := process.FastFolder
	if slices.Contains(c.Settings, "fsync=on") {
		folder = process.Folder
	}
	if c.folder, c.removeFolder, err = folder("postgres"); err != nil || c.Data == "" {
		return err
	}
	return process.GiveBelow(c.Data)
}

// program runs one of PostgreSQL's programs.
func (c *cluster) program(name string, environment []string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := process.Command(ctx, c.folder, filepath.Join(c.programs, name), args...)
	command.Env = append(command.Env, environment...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(output))
	}
	return nil
}

// start runs the server. The first start chooses the port, which another program may take at
// the same moment.
func (c *cluster) start() (err error) {
	if c.port != 0 {
		return c.startOnPort()
	}
	for range 3 {
		if c.port, err = process.FreePort(); err != nil {
			return err
		}
		if err = c.startOnPort(); err == nil || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
	return err
}

func (c *cluster) startOnPort() (err error) {
	args := []string{"-D", c.data(), "-p", strconv.Itoa(c.port), "-h", "127.0.0.1", "-k", ""}
	settings := []string{"fsync=off", "max_connections=500"}
	if c.TLS {
		settings = append(settings, "ssl=on", "ssl_cert_file="+c.certificate, "ssl_key_file="+c.key)
	}
	for _, setting := range append(settings, c.Settings...) { // of two, the last one counts
		args = append(args, "-c", setting)
	}
	c.process, err = process.Start(process.Program{
		Path: filepath.Join(c.programs, "postgres"), Args: args, Folder: c.folder, AtEnd: "QUIT",
		IsReady: c.isReady,
	})
	return err
}

// isReady fails unless this server answers. Another one may have taken the port first.
func (c *cluster) isReady(ctx context.Context) error {
	connection, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer connection.Close(context.WithoutCancel(ctx)) //nolint:errcheck // everything is answered
	var folder string
	err = connection.QueryRow(ctx, "SHOW data_directory").Scan(&folder)
	if err == nil && folder != filepath.Clean(c.data()) {
		err = fmt.Errorf("the server of %s answers", folder)
	}
	return err
}

// connect connects as the superuser.
func (c *cluster) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, c.address(superuser, c.password, "postgres"))
}

// stop ends the server in the mode of pg_ctl that is called fast, or immediately, as if it had
// crashed.
func (c *cluster) stop(immediately bool) error {
	signal := syscall.SIGINT
	if immediately {
		signal = syscall.SIGQUIT
	}
	err := c.process.Stop(signal)
	c.process = nil
	return err
}

func (c *cluster) isStopped() bool { return c.process == nil }

// remove ends the server and removes its folder.
func (c *cluster) remove() {
	if !c.isStopped() {
		_ = c.stop(true) // it is not needed any more
	}
	if c.removeFolder != nil {
		c.removeFolder()
	}
}

// run runs statements as the superuser, one after the other.
func (c *cluster) run(ctx context.Context, statements ...string) error {
	connection, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer connection.Close(context.WithoutCancel(ctx)) //nolint:errcheck // everything is answered
	for _, statement := range statements {
		if _, err := connection.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func (c *cluster) address(role, password, database string) string {
	address := url.URL{Scheme: "postgres", User: url.User(role), Host: "127.0.0.1:" + strconv.Itoa(c.port), Path: "/" + database}
	if password != "" {
		address.User = url.UserPassword(role, password)
	}
	query := url.Values{"sslmode": {"disable"}}
	if c.TLS {
		query = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {c.certificate}}
	}
	if c.Certificate != nil {
		query = url.Values{"sslmode": {"require"}}
	}
	address.RawQuery = query.Encode()
	return address.String()
}

// newPassword is empty if roles have no passwords.
func (c *cluster) newPassword() string {
	if !c.Passwords {
		return ""
	}
	return rand.Text()
}
