package outage

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// soon is how long Cardea may take to write again after PostgreSQL takes connections.
const soon = 5 * time.Second

// at makes a server keep its users on a PostgreSQL server.
func at(address string) testkit.Option {
	return func(c *cardea.Config) { c.Database = address }
}

// open opens Cardea's tables in a database.
func open(t *testing.T, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", address+"&search_path=cardea")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // the test ends
	return db
}

// PostgreSQL restarts as after a crash, and in good order, while 50 writers are at work. They get
// answers, of which some are 503, and soon all are accepted. Nobody is signed out, and nothing is
// lost or doubled.
func TestRestart(t *testing.T) {
	t.Parallel()
	db := postgres.Start(t, postgres.Options{})
	address := db.Database()
	server := testkit.Start(t, at(address))
	s := begin(t, server, 50)
	for _, isImmediate := range []bool{true, false, true} {
		s.await(1000)
		begun := time.Now()
		db.Restart(isImmediate)
		back := time.Now()
		s.await(1000)
		took := max(0, time.Unix(0, s.failedAt.Load()).Sub(back))
		t.Logf("immediate %v: PostgreSQL was away for %v; the last of %d refusals came %v after it was back", isImmediate, back.Sub(begun), s.refused.Load(), took)
		if took > soon {
			t.Errorf("requests are refused until %v after the restart", took)
		}
	}
	s.stop()
	s.verify(open(t, address))
	server.NewClient(t).Get("/readyz").Want(http.StatusOK)
}

// The primary is lost. Cardea finds the standby that takes its place, without a restart. When the
// old primary comes back and accepts writes, because nothing prevents that, Cardea stays with the new
// one, although the old one is the first in the list.
func TestFailover(t *testing.T) {
	t.Parallel()
	primary := postgres.Start(t, postgres.Options{})
	address := primary.Database()
	standby := primary.Standby()
	server := testkit.Start(t, at(primary.Hosts(address, standby)))
	s := begin(t, server, 10)
	s.await(500)
	s.stop() // what the standby has not got when the primary is lost would be lost, too
	primary.AwaitStandby(standby)
	primary.Stop(true)
	ada := server.NewClient(t)
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).WantError(http.StatusServiceUnavailable, "unavailable")

	standby.Promote()
	begun := time.Now()
	for ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Status != http.StatusCreated {
		if time.Since(begun) > time.Minute {
			t.Fatal("no registration is accepted for a minute")
		}
	}
	took := time.Since(begun)
	t.Logf("the first registration was accepted %v after the standby was promoted", took)
	if took > soon {
		t.Errorf("it took %v", took)
	}
	s.verify(open(t, strings.ReplaceAll(primary.Hosts(address, standby), "schema=", "")))
	for range 10 {
		ada.Rename("Ada").Want(http.StatusOK)
	}

	primary.Start()
	standby.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'cardea-%'")
	for i := range 10 {
		ada.Rename(fmt.Sprint("Ada ", i)).Want(http.StatusOK)
		server.Login(t, "ada@example.com").Get("/api/user").Want(http.StatusOK)
	}
	server.NewClient(t).Get("/readyz").Want(http.StatusOK)
}

// The server becomes a replica while Cardea runs, and nothing else is named. Everybody gets 503, and
// nobody is told to sign in again.
func TestDemotion(t *testing.T) {
	t.Parallel()
	db := postgres.Start(t, postgres.Options{})
	server := testkit.Start(t, at(db.Database()))
	ada := server.Register(t, "ada@example.com")
	db.Exec("COPY (SELECT '') TO '" + db.Value("SHOW data_directory") + "/standby.signal'")
	db.Restart(false)
	server.Clock.Advance(time.Minute) // what is in memory is not used
	ada.Get("/api/user").WantError(http.StatusServiceUnavailable, "unavailable")
	server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantError(http.StatusServiceUnavailable, "unavailable")
	db.Promote()
	ada.Rename("Ada").Want(http.StatusOK)
}
