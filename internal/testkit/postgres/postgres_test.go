package postgres_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// A role owns its database and may nothing else. It needs no password.
func TestDatabase(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	if strings.Count(address, ":") != 2 {
		t.Errorf("%s has a password", address)
	}
	db := postgres.Connect(t, address)
	if may := postgres.Value[bool](t, db, "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = current_user"); may {
		t.Error("the role may more than it needs")
	}
	for _, allowed := range []string{"CREATE TABLE a (id int)", "CREATE SCHEMA cardea", "CREATE TABLE cardea.b (id int)"} {
		if _, err := db.Exec(t.Context(), allowed); err != nil {
			t.Errorf("%s: %v", allowed, err)
		}
	}
	if most := postgres.Value[string](t, db, "SHOW max_connections"); most != "500" {
		t.Errorf("%s connections", most)
	}
	other := postgres.Connect(t, postgres.Database(t))
	if tables := postgres.Value[int](t, other, "SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'cardea')"); tables != 0 {
		t.Errorf("another database has %d tables", tables)
	}
}

// A database is dropped with its test, even if the test has left connections. Tests may make
// databases at the same time.
func TestManyDatabases(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var made []string
	t.Run("tests", func(t *testing.T) {
		for range 20 {
			t.Run("test", func(t *testing.T) {
				t.Parallel()
				address := postgres.Database(t)
				left, err := pgx.Connect(context.Background(), address)
				if err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				defer mu.Unlock()
				made = append(made, left.Config().Database)
			})
		}
	})
	db := postgres.Connect(t, postgres.Database(t))
	if left := postgres.Value[int](t, db, "SELECT count(*) FROM pg_database WHERE datname = ANY ($1)", made); len(made) != 20 || left != 0 {
		t.Errorf("%d of %d databases are left", left, len(made))
	}
	if left := postgres.Value[int](t, db, "SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)", made); left != 0 {
		t.Errorf("%d roles are left", left)
	}
}

// A test program that is killed leaves neither a server nor its folder behind.
func TestKilledTestProgram(t *testing.T) {
	t.Parallel()
	const variable = "POSTGRES_TEST_REPORT"
	if report := os.Getenv(variable); report != "" {
		db := postgres.Connect(t, postgres.Database(t))
		said := postgres.SharedFolder() + " " + postgres.Value[string](t, db, "SHOW port") + " end"
		if err := os.WriteFile(report, []byte(said), 0o600); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	report := filepath.Join(t.TempDir(), "report")
	program := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledTestProgram$")
	program.Env = append(os.Environ(), variable+"="+report)
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	var folder, port string
	eventually(t, "the server starts", func() bool {
		text, _ := os.ReadFile(report)
		words := strings.Fields(string(text))
		if len(words) != 3 {
			return false
		}
		folder, port = words[0], words[1]
		return true
	})
	if !exists(t, folder) || !listens(t, port) {
		t.Fatalf("there is no %s, or nothing listens on %s", folder, port)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait() // it was killed
	eventually(t, "the server ends", func() bool { return !listens(t, port) })
	eventually(t, "the folder is removed", func() bool { return !exists(t, folder) })
}

func exists(t *testing.T, folder string) bool {
	t.Helper()
	_, err := os.Stat(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func listens(t *testing.T, port string) bool {
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
	if err == nil {
		_ = connection.Close() // it was only asked for
	}
	return err == nil
}

func with(t *testing.T, address string, change func(*url.URL, url.Values)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	change(u, query)
	u.RawQuery = query.Encode()
	return u.String()
}

func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !isSo(); <-tick.C {
		if time.Since(begun) > time.Minute {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
