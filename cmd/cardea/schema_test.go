package main

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// A backup of a server has the rows in tables as Cardea makes them, whatever others did to the schema,
// and says that they did. Rows that lack something are not backed up.
func TestBackupOfAChangedSchema(t *testing.T) {
	t.Parallel()
	address := []string{"--database", testpostgres.Database(t)}
	data, to := t.TempDir(), t.TempDir()
	s := serve(t, data, cheap, address...)
	s.client().Register("ann@example.com")
	s.stop()
	backup := func(file string) *process { return runOn(t, data, "", append([]string{"backup", file}, address...)...) }
	whole, changed, lacking := filepath.Join(to, "whole"), filepath.Join(to, "changed"), filepath.Join(to, "lacking")
	if said := backup(whole).stdout.String(); strings.Contains(said, "schema") {
		t.Errorf("it says: %s", said)
	}
	execute(t, address[1], "DROP INDEX cardea.audit_by_time", "ALTER TABLE cardea.users ALTER name DROP NOT NULL, ADD COLUMN admin int")
	backup(changed).wantDone("1 user", "the column users.name is not as Cardea makes it", "2 differences", "a restore creates the schema without the change")
	if p := backup("-"); p.wait() != exitOK || !strings.Contains(p.stderr.String(), "2 differences") {
		t.Errorf("to a stream: %s", &p.stderr)
	}
	restored := []string{"--database", testpostgres.Database(t)}
	folder := filepath.Join(to, "restored")
	runOn(t, folder, "", append([]string{"restore", changed}, restored...)...).wantDone("1 user")
	runOn(t, folder, "", append([]string{"check"}, restored...)...).wantDone("All is well")

	execute(t, address[1], "ALTER TABLE cardea.users DROP COLUMN suspended_at")
	backup(lacking).wantEnd(exitFailed, "the schema was changed: the column users.name", "cardea check")
}

// execute runs statements on a server of PostgreSQL, as a stranger would.
func execute(t *testing.T, address string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Error(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// A schema that somebody removes is called removed, not damaged, by the server and by commands. When
// it is back, the server serves it again.
func TestRemovedSchema(t *testing.T) {
	t.Parallel()
	address := []string{"--database", testpostgres.Database(t)}
	data := t.TempDir()
	s := serve(t, data, cheap, address...)
	ann := s.client()
	ann.Register("ann@example.com")
	execute(t, address[1], "ALTER SCHEMA cardea RENAME TO away")
	eventually(t, "readiness says so", func() bool {
		return strings.HasPrefix(s.client().Get("/readyz").Envelope().Errors["database"], "was removed or replaced")
	})
	ann.Get("/api/user").Want(http.StatusServiceUnavailable)
	ann.Rename("Countess").Want(http.StatusServiceUnavailable)
	log := s.stderr.String()
	for _, route := range []string{`"route":"/readyz"`, `"route":"/api/user"`} {
		last := log[strings.LastIndex(log, route):]
		if line, _, _ := strings.Cut(last, "\n"); !strings.Contains(line, "the schema cardea of postgres://") || !strings.Contains(line, "was removed while it was open") ||
			!strings.Contains(line, "restore a backup") || strings.Contains(line, "damaged") {
			t.Errorf("the log says: %s", line)
		}
	}
	for _, command := range []string{"check", "user list"} {
		args := append(strings.Fields(command), address...)
		runOn(t, data, "", args...).wantEnd(exitFailed, "there are no tables of Cardea in the schema cardea", "if they were removed, restore a backup")
	}
	execute(t, address[1], "ALTER SCHEMA away RENAME TO cardea")
	eventually(t, "the server is ready", func() bool { return s.client().Get("/readyz").Status == http.StatusOK })
	ann.Rename("Countess").Want(http.StatusOK)
	s.stop()
}

// Tables that are restored from an older dump, while the server runs, have sessions as they were then. No
// session from between is served from memory.
func TestRestoredOlderSchema(t *testing.T) {
	t.Parallel()
	address := []string{"--database", testpostgres.Database(t)}
	s := serve(t, t.TempDir(), cheap, address...)
	s.client().Register("ann@example.com")
	execute(t, address[1], "CREATE TABLE dump AS SELECT * FROM cardea.sessions")
	ann := s.client()
	ann.Login("ann@example.com")
	for range 3 { // from memory
		ann.Get("/api/user").Want(http.StatusOK)
	}
	execute(t, address[1], "ALTER SCHEMA cardea RENAME TO away")
	eventually(t, "readiness says so", func() bool { return s.client().Get("/readyz").Status == http.StatusServiceUnavailable })
	// A restore runs no triggers.
	execute(t, address[1], "ALTER TABLE away.sessions DISABLE TRIGGER USER", "DELETE FROM away.sessions WHERE id NOT IN (SELECT id FROM dump)",
		"ALTER TABLE away.sessions ENABLE TRIGGER USER", "ALTER SCHEMA away RENAME TO cardea")
	eventually(t, "the server is ready", func() bool { return s.client().Get("/readyz").Status == http.StatusOK })
	ann.Get("/api/user").Want(http.StatusUnauthorized)
	s.stop()
}
