package outage

import (
	"net/http"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/tcpproxy"
)

// within waits until a condition holds, which should be soon.
func within(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !holds(); <-tick.C {
		if time.Since(begun) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// seen is how long a change by another process may go unseen, with something for a busy machine.
const seen = time.Second + time.Second

// What others change is seen within a second, whoever it is: a command of operators, or psql.
func TestOthersChange(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]struct {
		do     func(t *testing.T, server *testkit.Server, id string)
		status int
		name   string
	}{
		"cardea user suspend": {func(t *testing.T, server *testkit.Server, id string) {
			if _, _, err := server.Operate(t).Suspend(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}, http.StatusUnauthorized, ""},
		"an UPDATE of users":     {statement(`UPDATE users SET name = 'Other'`), http.StatusOK, "Other"},
		"a DELETE of sessions":   {statement(`DELETE FROM sessions`), http.StatusUnauthorized, ""},
		"a TRUNCATE of sessions": {statement(`TRUNCATE sessions`), http.StatusUnauthorized, ""},
		"a DELETE of users":      {statement(`DELETE FROM users`), http.StatusUnauthorized, ""},
		"a TRUNCATE of users":    {statement(`TRUNCATE users CASCADE`), http.StatusUnauthorized, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server := testkit.Start(t, at(postgres.Schema(t)))
			ada := server.Register(t, "ada@example.com")
			for range 3 { // from memory
				ada.Get("/api/user").Want(http.StatusOK)
			}
			change.do(t, server, ada.User().ID)
			within(t, seen, "the change is seen", func() bool {
				a := ada.With(t).Get("/api/user")
				return a.Status == change.status && a.Envelope().User.Name == change.name
			})
			ada.Get("/api/user").Want(change.status)
		})
	}
}

func statement(text string) func(*testing.T, *testkit.Server, string) {
	return func(t *testing.T, server *testkit.Server, _ string) {
		if _, err := house.Raw(t, server.Data).ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
}

// A commit that gets no answer, because the network breaks, may take place later. The user does
// not stay as before in the memory of the server.
func TestCommitWithoutAnswer(t *testing.T) {
	t.Parallel()
	direct := postgres.Database(t)
	proxy, address := tcpproxy.Before(t, direct)
	server := testkit.Start(t, at(address))
	ada := server.Register(t, "ada@example.com")
	db := open(t, direct)
	for _, text := range []string{
		// The driver tries to cancel it, even more than once.
		`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
			FOR attempt IN 1..9 LOOP
				BEGIN PERFORM pg_sleep(1); EXIT; EXCEPTION WHEN query_canceled THEN NULL; END;
			END LOOP;
			RETURN NULL;
		END'`,
		`CREATE CONSTRAINT TRIGGER slow AFTER UPDATE OF name ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()`,
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	answered := make(chan *testkit.Answer)
	go func() { answered <- ada.With(t).Rename("Countess") }()
	within(t, soon, "the commit begins", func() bool {
		var n int
		err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE query = 'commit' AND wait_event = 'PgSleep'`).Scan(&n)
		return err == nil && n == 1
	})
	proxy.Cut()
	if a := <-answered; a.Status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if name := ada.User().Name; name == "Countess" {
		t.Error("the commit took place before it was looked for")
	}
	within(t, time.Second+seen, "the new name is seen", func() bool { return ada.User().Name == "Countess" })
}
