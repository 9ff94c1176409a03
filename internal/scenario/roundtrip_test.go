package scenario

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/pgwire"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// On PostgreSQL, a call takes at most two round trips more than it has statements: those which
// begin and end its transaction.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	address, recorder := pgwire.Start(t, postgres.Database(t))
	server := testkit.Start(t, func(c *cardea.Config) { c.Database = address })
	ada := server.Register(t, "ada@example.com")
	calls := []struct {
		name string
		call func(client *testkit.Client, email string)
	}{
		{"register", func(client *testkit.Client, email string) { client.Register(email).Want(http.StatusCreated) }},
		{"login", func(client *testkit.Client, _ string) { client.Login("ada@example.com").Want(http.StatusOK) }},
		{"upload", func(*testkit.Client, string) { ada.Upload("me.png", testkit.PNG(9, 9)).Want(http.StatusOK) }},
		{"logout", func(client *testkit.Client, _ string) { client.Post("/api/logout", nil).Want(http.StatusOK) }},
	}
	for _, call := range calls {
		// The first calls prepare statements, and may wait for other connections.
		const attempts = 20
		least := attempts
		var fewest []string
		for i := range attempts {
			client := server.NewClient(t)
			if call.name == "logout" {
				client.Login("ada@example.com").Want(http.StatusOK)
			}
			recorder.Take()
			call.call(client, call.name+strings.Repeat("x", i)+"@example.com")
			if more, list := beyondStatements(recorder.Take()); more < least {
				least, fewest = more, list
			}
		}
		t.Logf("%s: %d more\n%s", call.name, least, strings.Join(fewest, "\n"))
		if least > 2 {
			t.Errorf("%s takes %d round trips more than statements:\n%s", call.name, least, strings.Join(fewest, "\n"))
		}
	}
}

// beyondStatements counts the trips that are not for a statement: the beginning and the end of a
// transaction, preparations, and looks whether a connection is alive. The background's statements
// take a trip each, so they do not count. list names all trips.
func beyondStatements(trips []pgwire.Trip) (more int, list []string) {
	for _, trip := range trips {
		text := strings.Join(strings.Fields(strings.Join(trip.Statements, "; ")), " ")
		first, _, _ := strings.Cut(text, " ")
		switch first {
		case "", "begin", "commit", "rollback", "--":
			more++
		}
		list = append(list, text)
	}
	return more, list
}
