package outage

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// A server warns of changes of its schema that do no harm, such as an option of an index or a
// trigger of a tool, and stays ready.
func TestAlteredSchema(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	testkit.Start(t, at(address)).Stop()
	for _, statement := range []string{
		"ALTER INDEX users_pkey SET (fillfactor = 70)",
		"CREATE TRIGGER repack AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION note_all()",
	} {
		if _, err := open(t, address).ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	server := testkit.Start(t, at(address))
	server.Log.Await(t, `"the schema of the database is not as Cardea creates it: `)
	if said := server.Log.String(); !strings.Contains(said, "the index users_pkey is not as Cardea makes it") || !strings.Contains(said, "the trigger audit.repack") {
		t.Error(said)
	}
	server.NewClient(t).Get("/readyz").Want(http.StatusOK)
}

// A server without Cardea's triggers would not notice that another process ended a session. So it is
// not ready.
func TestDisabledTriggers(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	testkit.Start(t, at(address)).Stop()
	if _, err := open(t, address).ExecContext(t.Context(), "ALTER TABLE sessions DISABLE TRIGGER USER"); err != nil {
		t.Fatal(err)
	}
	server := testkit.Start(t, at(address))
	client := server.NewClient(t)
	within(t, 10*time.Second, "the server is not ready", func() bool { return client.Get("/readyz").Status == http.StatusServiceUnavailable })
	server.Log.Await(t, "the trigger sessions.sessions_changed is not as Cardea makes it")
}
