package postgres

import (
	"flag"
	"os"
	"strings"
	"testing"

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

// Each changed or missing part of the schema is reported. What others add is ignored, except
// triggers.
func TestSchemaDifferences(t *testing.T) {
	t.Parallel()
	e := opened(t, testpostgres.Database(t))
	if found, err := e.QuickDamages(t.Context()); err != nil || len(found) > 0 {
		t.Fatal(found, err)
	}
	for statement, want := range map[string]string{
		"ALTER TABLE cardea.audit DROP COLUMN count":                                                        "the column audit.count is missing",
		"ALTER TABLE cardea.audit ALTER event DROP NOT NULL":                                                "the column audit.event is not as Cardea makes it",
		"DROP INDEX cardea.sessions_by_creation":                                                            "the index sessions_by_creation is missing",
		"ALTER TABLE cardea.sessions DROP CONSTRAINT sessions_pkey":                                         "the constraint sessions.sessions_pkey is missing",
		"ALTER TABLE cardea.users DISABLE TRIGGER users_changed":                                            "the trigger users.users_changed is not as Cardea makes it",
		"CREATE TRIGGER mine AFTER DELETE ON cardea.audit FOR EACH ROW EXECUTE FUNCTION cardea.note_user()": "the trigger audit.mine is not one of Cardea's",
		"CREATE TABLE cardea.mine (id int)":                                                                 "",
	} {
		tx, err := e.pools.Writer.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		found, err := e.differencesIn(t.Context(), tx)
		if all := strings.Join(found, "\n"); err != nil || !strings.Contains(all, want) || (want == "") != (all == "") {
			t.Errorf("%s: %v, %v", statement, found, err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
}

// Rows that refer to a missing row are reported.
func TestDamages(t *testing.T) {
	t.Parallel()
	e := opened(t, testpostgres.Database(t))
	if found, err := e.Damages(t.Context()); err != nil || len(found) > 0 {
		t.Fatal(found, err)
	}
	for _, statement := range []string{
		"ALTER TABLE cardea.sessions DROP CONSTRAINT sessions_user_id_fkey",
		"INSERT INTO cardea.sessions VALUES ('s', 't', 'nobody', 1, 1, 1, '', '')",
	} {
		if _, err := e.pools.Writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := e.dangling(t.Context()); err != nil || len(found) != 1 || !strings.Contains(found[0], "1 rows of sessions") || !strings.Contains(found[0], "nobody") {
		t.Errorf("%v, %v", found, err)
	}
}
