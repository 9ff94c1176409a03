package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cardea-accounts/cardea/internal/store"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// looking opens a database and creates a user in it, at which everything has been seen. look reports
// whether it sees a change.
func looking(t *testing.T, address string) (e *engine, other *pgx.Conn, look func() bool) {
	t.Helper()
	e, err := newEngine(t.Context(), parsed(t, address), watching)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), e, e.pools)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Tx(t.Context(), func(tx *store.Tx) error {
		return tx.CreateUser(t.Context(), store.User{ID: "ann", CreatedAt: time.Now()})
	}); err != nil {
		t.Fatal(err)
	}
	look = func() bool {
		t.Helper()
		changed, err := e.ChangedByOthers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	if !look() {
		t.Error("the first look says that nothing changed, but it cannot know")
	}
	return e, testpostgres.Connect(t, address+"&search_path=cardea"), look
}

func execute(t *testing.T, db *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// A change is seen once, however long an older transaction runs.
func TestChangeIsSeenOnce(t *testing.T) {
	t.Parallel()
	_, other, look := looking(t, testpostgres.Database(t))
	old := testpostgres.Connect(t, testpostgres.Database(t))
	execute(t, old, "BEGIN", "SELECT pg_current_xact_id()")
	for range 3 {
		execute(t, other, "UPDATE users SET name = 'Other'")
		if !look() {
			t.Error("a change is not seen")
		}
		if look() {
			t.Error("a change is seen again")
		}
	}
}

// A commit that got no answer may wait for long, for instance for a standby. However often the server
// looks before it ends, it sees the change then. From then on, its own changes are not others' any more.
func TestDoubtfulCommitIsSeenWhenItEnds(t *testing.T) {
	t.Parallel()
	e, own, look := looking(t, testpostgres.Start(t, testpostgres.Options{}).Database()) // in which no other transaction ends
	change := []string{"BEGIN", "UPDATE users SET name = 'Countess'"}
	execute(t, own, append([]string{"SET application_name = '" + e.address.process() + "'"}, change...)...)
	if e.Doubt(); !look() {
		t.Error("the first look after it says that nothing changed, but it cannot know")
	}
	for range 3 {
		if look() {
			t.Error("a change is seen before it takes place")
		}
	}
	if execute(t, own, "COMMIT"); !look() {
		t.Error("the change is not seen")
	}
	look() // which finds that the commit has ended
	if execute(t, own, append(change, "COMMIT")...); look() {
		t.Error("a change by this process counts as another's, although no commit is in doubt")
	}
}

// A commit can end between its error and the note that it is in doubt. A look in between takes it for one
// with an answer. The next look makes up for that.
func TestDoubtAfterALook(t *testing.T) {
	t.Parallel()
	e, own, look := looking(t, testpostgres.Database(t))
	execute(t, own, "SET application_name = '"+e.address.process()+"'", "UPDATE users SET name = 'Countess'")
	if look() {
		t.Error("an own change counts as another's")
	}
	if e.Doubt(); !look() {
		t.Error("the change is not seen")
	}
}

// Tables that were replaced between two looks may have an older state, whose changes have been seen.
func TestReplacedTablesAreNoticed(t *testing.T) {
	t.Parallel()
	_, other, look := looking(t, testpostgres.Database(t))
	execute(t, other, "BEGIN", "ALTER TABLE changes RENAME TO away", "CREATE TABLE changes (LIKE away INCLUDING ALL)", "COMMIT")
	if !look() {
		t.Error("they are not noticed")
	}
	if look() {
		t.Error("they are noticed again")
	}
}

// After a failed look, anything may have changed.
func TestLookAfterAFailedOne(t *testing.T) {
	t.Parallel()
	e, other, look := looking(t, testpostgres.Database(t))
	execute(t, other, "ALTER SCHEMA cardea RENAME TO away")
	if _, err := e.ChangedByOthers(t.Context()); err == nil {
		t.Error("no error, although there are no tables")
	}
	execute(t, other, "ALTER SCHEMA away RENAME TO cardea")
	if !look() {
		t.Error("the look says that nothing changed, but it cannot know")
	}
	if look() {
		t.Error("a change is seen, although there was none")
	}
}
