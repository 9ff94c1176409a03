package postgres

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

var update = flag.Bool("update", false, "write schema.txt anew")

// opened returns an engine on a database with tables.
func opened(t *testing.T, address string) *engine {
	t.Helper()
	at := parsed(t, address)
	db, err := Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := newEngine(t.Context(), at, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// schema.txt is what the migrations create, whatever the name of the schema.
func TestSchemaText(t *testing.T) {
	t.Parallel()
	e := opened(t, testpostgres.Database(t)+"&schema=other")
	schema, err := e.schemaOf(t.Context(), e.pools.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := schemaText(schema)
	if *update {
		if err := os.WriteFile("schema.txt", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if text != wantedSchema {
		t.Errorf("schema.txt is not what the migrations make; run this test with -update. They make\n%s", text)
	}
}

// A schema can have the name of a word that SQL reserves.
func TestSchemaWithAReservedName(t *testing.T) {
	t.Parallel()
	address := testpostgres.Database(t) + "&schema=user"
	at := parsed(t, address)
	e := opened(t, address)
	if damages, harmless, err := e.QuickDamages(t.Context()); err != nil || len(damages)+len(harmless) > 0 {
		t.Error(damages, harmless, err)
	}
	db := openedAt(t, address)
	if err := db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetMark(t.Context(), store.FlaskFrom, time.Now()) }); err != nil {
		t.Error(err)
	}
	if found, err := Look(t.Context(), at); err != nil || found != (Found{Schema: true, Tables: true}) {
		t.Errorf("%+v, %v", found, err)
	}
	if err := Drop(t.Context(), at, true); err != nil {
		t.Error(err)
	}
	if found, err := Look(t.Context(), at); err != nil || found != (Found{}) {
		t.Errorf("removed, but %+v, %v", found, err)
	}
}

// Each changed or missing part of the schema is reported: as damage, or as a difference with which
// Cardea works. What others add is ignored, except triggers.
func TestSchemaDifferences(t *testing.T) {
	t.Parallel()
	e := opened(t, testpostgres.Database(t))
	if damages, harmless, err := e.QuickDamages(t.Context()); err != nil || len(damages)+len(harmless) > 0 {
		t.Fatal(damages, harmless, err)
	}
	for statement, want := range map[string]struct{ damage, harmless string }{
		"ALTER TABLE cardea.audit DROP COLUMN count":                {"the column audit.count is missing", ""},
		"ALTER TABLE cardea.audit ALTER event DROP NOT NULL":        {"the column audit.event is not as Cardea makes it", ""},
		"DROP INDEX cardea.sessions_by_creation":                    {"the index sessions_by_creation is missing", ""},
		"ALTER TABLE cardea.sessions DROP CONSTRAINT sessions_pkey": {"the constraint sessions.sessions_pkey is missing", ""},
		"ALTER INDEX cardea.users_pkey SET (fillfactor = 70)":       {"", "the index users_pkey is not as Cardea makes it"},
		"ALTER TABLE cardea.users DISABLE TRIGGER users_changed":    {"the trigger users.users_changed is not as Cardea makes it", ""},
		"DROP TRIGGER users_changed ON cardea.users":                {"the trigger users.users_changed is missing", ""},
		"CREATE OR REPLACE FUNCTION cardea.note_user() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": {
			"the function note_user is not as Cardea makes it", "",
		},
		"CREATE TRIGGER mine AFTER DELETE ON cardea.audit FOR EACH ROW EXECUTE FUNCTION cardea.note_user()": {
			"", "the trigger audit.mine is not one of Cardea's",
		},
		"ALTER TABLE cardea.users ENABLE ALWAYS TRIGGER users_changed": {},
		"CREATE TABLE cardea.mine (id int)":                            {},
	} {
		tx, err := e.pools.Writer.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		damages, harmless, err := e.differences(t.Context(), tx)
		for want, found := range map[string][]string{want.damage: damages, want.harmless: harmless} {
			if all := strings.Join(found, "\n"); err != nil || !strings.Contains(all, want) || (want == "") != (all == "") {
				t.Errorf("%s: %q, want %q; %v", statement, found, want, err)
			}
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
}

// Rows that refer to a missing row are reported.
func TestDamages(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{})
	address := server.Database()
	e := opened(t, address)
	if found, _, err := e.Damages(t.Context()); err != nil || len(found) > 0 {
		t.Fatal(found, err)
	}
	for _, statement := range []string{
		"ALTER TABLE cardea.sessions DROP CONSTRAINT sessions_user_id_fkey",
		"INSERT INTO cardea.sessions VALUES ('s', 't', 'nobody', 1, 1, 1, '', '')",
		"ALTER TABLE cardea.sessions ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES cardea.users (id) ON DELETE CASCADE NOT VALID",
		"UPDATE pg_constraint SET convalidated = true WHERE conname = 'sessions_user_id_fkey'",
	} {
		run(t, server.Superuser(name(t, address)), statement)
	}
	if found, _, err := e.Damages(t.Context()); err != nil || len(found) != 1 || !strings.Contains(found[0], "1 rows of sessions") || !strings.Contains(found[0], "nobody") {
		t.Errorf("%v, %v", found, err)
	}
}

// A check takes as long as it needs, whatever limits other statements have.
func TestDamagesHaveNoTimeout(t *testing.T) {
	t.Parallel()
	address := testpostgres.Database(t)
	e := opened(t, address)
	hasty := parsed(t, address).config
	hasty.RuntimeParams["statement_timeout"], hasty.RuntimeParams["lock_timeout"] = "50", "50"
	e.pools.Reader = newPool(hasty, &texts{schema: "cardea", tables: e.tables}, nil, e.address, 1)
	whileLocked(t, address, func() error {
		_, _, err := e.Damages(t.Context())
		return err
	}, func() {})
}

// A check uses one connection of a server until it ends. Even a server with the fewest connections
// reads meanwhile.
func TestReadsDuringACheck(t *testing.T) {
	t.Parallel()
	address := testpostgres.Database(t)
	db, err := Serve(t.Context(), parsed(t, fmt.Sprintf("%s&pool_max_conns=%d", address, leastConnections)))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test ends
	// Readiness checks with this limit.
	long, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	whileLocked(t, address, func() error {
		_, _, err := db.Damages(long)
		return err
	}, func() {
		if _, err := db.UserByID(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a read during the check: %v", err)
		}
	})
}

// whileLocked begins a check while another program has locked the sessions. When the check has waited
// for them for a while, it calls meanwhile. Then it removes the lock, and the check must succeed.
func whileLocked(t *testing.T, address string, check func() error, meanwhile func()) {
	t.Helper()
	db := testpostgres.Connect(t, address)
	if _, err := db.Exec(t.Context(), "BEGIN; LOCK TABLE cardea.sessions"); err != nil {
		t.Fatal(err)
	}
	checked := make(chan error, 1)
	go func() { checked <- check() }()
	const waits = `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
		AND clock_timestamp() > query_start + interval '200 ms')`
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); len(checked) == 0 && !testpostgres.Value[bool](t, db, waits); <-tick.C {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("the check does not wait for the lock")
		}
		if _, err := db.Exec(t.Context(), "SELECT pg_stat_clear_snapshot()"); err != nil { // within a transaction, the view stays the same
			t.Fatal(err)
		}
	}
	meanwhile()
	if _, err := db.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := <-checked; err != nil {
		t.Error(err)
	}
}
