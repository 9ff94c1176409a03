package postgres_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// A crash ends connections and keeps what was committed. The address stays the same.
func TestRestart(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, postgres.Options{Settings: []string{"fsync=on", "max_connections=20"}})
	if fsync, most := server.Value("SHOW fsync"), server.Value("SHOW max_connections"); fsync != "on" || most != "20" {
		t.Errorf("fsync=%s max_connections=%s", fsync, most)
	}
	address := server.Database()
	for _, immediately := range []bool{true, false} {
		db := postgres.Connect(t, address)
		if _, err := db.Exec(t.Context(), "CREATE TABLE IF NOT EXISTS a (id int); INSERT INTO a VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		server.Restart(immediately)
		if _, err := db.Exec(t.Context(), "SELECT 1"); err == nil {
			t.Error("a connection has survived")
		}
		if recovered := strings.Contains(server.Log(), "was not properly shut down"); recovered != immediately {
			t.Errorf("immediately: %t, recovered: %t", immediately, recovered)
		}
	}
	if rows := postgres.Value[int](t, postgres.Connect(t, address), "SELECT count(*) FROM a"); rows != 2 {
		t.Errorf("%d rows", rows)
	}
	server.Stop(true)
	if _, err := pgx.Connect(t.Context(), address); err == nil {
		t.Error("it still answers")
	}
	server.Start()
	server.Exec("CREATE TABLE b (id int)")
}

// If another server already has the port, that one is not mistaken for the new one.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	first, second := postgres.Start(t, postgres.Options{}), postgres.Start(t, postgres.Options{})
	second.Stop(true)
	if err := second.StartOnPortOf(first); err == nil || !strings.Contains(err.Error(), "Address already in use") {
		t.Errorf("%v", err)
	}
}

// Roles need their passwords, and connections TLS, if a test asks for that.
func TestPasswordsAndTLS(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, postgres.Options{Passwords: true, TLS: true})
	address := server.Database()
	db := postgres.Connect(t, address)
	if encrypted := postgres.Value[bool](t, db, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"); !encrypted {
		t.Error("the connection has no TLS")
	}
	if scheme := server.Value("SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'"); !strings.HasPrefix(scheme, "SCRAM-SHA-256$") {
		t.Errorf("the password is stored as %s", scheme)
	}
	for want, change := range map[string]func(*url.URL, url.Values){
		"password authentication failed": func(u *url.URL, _ url.Values) { u.User = url.UserPassword(u.User.Username(), "wrong") },
		"no encryption":                  func(_ *url.URL, q url.Values) { q.Set("sslmode", "disable") },
		"certificate":                    func(_ *url.URL, q url.Values) { q.Del("sslrootcert") },
	} {
		if _, err := pgx.Connect(t.Context(), with(t, address, change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

// A standby only reads. After a failover it has what the primary had, and clients that know both
// servers find it.
func TestFailover(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]postgres.Options{"plain": {}, "with passwords and TLS": {Passwords: true, TLS: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			primary := postgres.Start(t, options)
			address := primary.Database()
			standby := primary.Standby()
			both := primary.Hosts(address, standby)
			db := postgres.Connect(t, both)
			if _, err := db.Exec(t.Context(), "CREATE TABLE a (id int); INSERT INTO a VALUES (1)"); err != nil {
				t.Fatal(err)
			}
			primary.AwaitStandby(standby)
			replica := postgres.Connect(t, with(t, standby.Superuser("postgres"), func(u *url.URL, _ url.Values) { u.Path = "/" + db.Config().Database }))
			if _, err := replica.Exec(t.Context(), "INSERT INTO a VALUES (2)"); err == nil || !strings.Contains(err.Error(), "read-only") {
				t.Errorf("a write to the standby: %v", err)
			}
			primary.Stop(true)
			if _, err := pgx.Connect(t.Context(), both); err == nil {
				t.Error("there is a server that takes writes")
			}
			standby.Promote()
			db = postgres.Connect(t, both)
			if _, err := db.Exec(t.Context(), "INSERT INTO a VALUES (2)"); err != nil {
				t.Error(err)
			}
			if rows := postgres.Value[int](t, db, "SELECT count(*) FROM a"); rows != 2 {
				t.Errorf("%d rows", rows)
			}
		})
	}
}

// A test chooses where the data is, such as a disk that becomes full.
func TestData(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	server := postgres.Start(t, postgres.Options{Data: folder})
	if is := server.Value("SHOW data_directory"); is != folder {
		t.Errorf("the data is in %s", is)
	}
	if _, err := os.Stat(folder + "/PG_VERSION"); err != nil {
		t.Error(err)
	}
}
