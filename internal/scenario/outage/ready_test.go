package outage

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// When PostgreSQL refuses Cardea, readiness says why in a few words, without an address or a name.
// The log has the rest.
func TestReadinessNamesTheRefusal(t *testing.T) {
	t.Parallel()
	db := postgres.Start(t, postgres.Options{})
	for _, c := range []struct{ refuse, says, logged string }{
		{"ALTER ROLE %s NOLOGIN", "refuses the user or the password; the log says more", "is not permitted to log in"},
		{"DROP DATABASE %s WITH (FORCE)", "is not on its server; the log says more", "does not exist"},
	} {
		address := db.Database()
		server := testkit.Start(t, at(address))
		client := server.NewClient(t)
		client.Get("/readyz").Want(http.StatusOK)
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		db.Exec(strings.ReplaceAll(c.refuse, "%s", u.User.Username()))
		db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + u.User.Username() + "'")
		refused := client.Get("/readyz").WantError(http.StatusServiceUnavailable, "not_ready")
		if says := refused.Envelope().Errors; says["database"] != c.says || says["storage"] != "" {
			t.Errorf("it says %v", says)
		}
		server.Log.Await(t, c.logged)
	}
}
