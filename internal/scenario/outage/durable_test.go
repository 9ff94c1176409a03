package outage

import (
	"net/url"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// A server warns at its start if PostgreSQL confirms changes before they are on disk, because of a
// setting of the server or of the role.
func TestWarningOfLostWrites(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, postgres.Options{Settings: []string{"fsync=on"}})
	address := server.Database()
	const warning = `"PostgreSQL may lose confirmed changes in a crash: `
	first := testkit.Start(t, at(address+"&schema=first"))
	first.Register(t, "ada@example.com")
	first.Stop()
	if said := first.Log.String(); strings.Contains(said, warning) {
		t.Error(said)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	server.Exec("ALTER ROLE " + u.User.Username() + " SET synchronous_commit = off")
	second := testkit.Start(t, at(address+"&schema=second"))
	second.Log.Await(t, warning)
	said := second.Log.String()
	if strings.Count(said, warning) != 1 || !strings.Contains(said, `"settings":"synchronous_commit=off"`) {
		t.Error(said)
	}
}
