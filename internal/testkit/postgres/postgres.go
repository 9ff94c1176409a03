// Package postgres runs real PostgreSQL servers for tests, from the programs on this machine.
// [Database] is for most tests: they share one server, and each gets a database of its own. A
// test that stops its server or changes its settings gets one of its own by [Start]. All servers
// end together with the test program, even if that is killed.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// Database makes an empty database on the server that all tests share, and returns its address:
// that of a role which owns it and may nothing else, and needs no password. The database is
// dropped when the test ends. Without PostgreSQL the test ends as [need.Missing] says, whose part
// is postgres.
//
// The server takes 500 connections. It does not wait for the disk: its data may be in memory.
func Database(t testing.TB) string {
	t.Helper()
	programs := find(t)
	c, err := shared(programs)
	if err != nil {
		t.Fatalf("PostgreSQL does not start: %v", err)
	}
	name, address, err := c.newDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.run(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)", "DROP ROLE "+name); err != nil {
			t.Error(err)
		}
	})
	return address
}

// Schema returns the address of a schema that is not there yet, on a database that all tests
// share, which is faster than a database of its own. It is dropped when the test ends.
func Schema(t testing.TB) string {
	t.Helper()
	programs := find(t)
	c, err := shared(programs)
	if err != nil {
		t.Fatalf("PostgreSQL does not start: %v", err)
	}
	schemasOnce.Do(func() { _, schemasAddress, errSchemas = c.newDatabase(t.Context()) })
	if errSchemas != nil {
		t.Fatal(errSchemas)
	}
	name := fmt.Sprintf("s%d", schemas.Add(1))
	t.Cleanup(func() {
		db, err := sql.Open("pgx", schemasAddress)
		if err == nil {
			_, err = db.ExecContext(context.Background(), "DROP SCHEMA IF EXISTS "+name+" CASCADE")
			err = errors.Join(err, db.Close())
		}
		if err != nil {
			t.Error(err)
		}
	})
	return schemasAddress + "&schema=" + name
}

var (
	schemasOnce    sync.Once
	schemasAddress string
	errSchemas     error
	schemas        atomic.Int64
)

var (
	sharedOnce sync.Once
	sharedRuns *cluster
	errShared  error
)

// shared starts the server that all tests share. It ends together with the test program.
func shared(programs string) (*cluster, error) {
	sharedOnce.Do(func() { sharedRuns, errShared = launch(programs, Options{}) })
	return sharedRuns, errShared
}

// find returns the folder of the server's programs, and ends the test if they are absent.
func find(t testing.TB) string {
	t.Helper()
	folder, err := programs()
	if err != nil {
		need.Missing(t, "postgres", err.Error(), "install Debian's package postgresql")
	}
	return folder
}

// programs returns the folder of the newest server's programs.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // as Debian installs them
	if err == nil && len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return versionOf(a) - versionOf(b) })), nil
	}
	path, err := exec.LookPath("postgres")
	return filepath.Dir(path), err
}

func versionOf(program string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(program)))) // zero: an odd folder
	return n
}

// newDatabase makes a database and its owner, both of the same name.
func (c *cluster) newDatabase(ctx context.Context) (name, address string, err error) {
	name = "test" + strconv.FormatInt(c.databases.Add(1), 10)
	password := c.newPassword()
	role := "CREATE ROLE " + name + " LOGIN"
	if password != "" {
		role += " PASSWORD '" + password + "'"
	}
	// To copy files takes less time than to write them to the log: 5 ms in place of 25.
	err = c.run(ctx, role, "CREATE DATABASE "+name+" OWNER "+name+" STRATEGY file_copy")
	return name, c.address(name, password, name), err
}
