package outage

import (
	"net/http"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// If addresses are verified first, the answer to a registration does not tell that somebody else has
// registered the address in the same moment.
func TestRegisteredMeanwhile(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	server := testkit.Start(t, at(address), testkit.Development, testkit.VerifiesFirst)
	register := func(email string) *testkit.Answer {
		return server.NewClient(t).Post("/api/register", testkit.Registration("Ada", email, "simplepass"))
	}
	want := register("free@example.com").Want(http.StatusAccepted)

	other, err := open(t, address).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback() //nolint:errcheck // it is committed
	_, err = other.ExecContext(t.Context(), `INSERT INTO users (id, name, email, email_key, password_hash, created_at)
		VALUES ('other', 'Other', 'taken@example.com', 'taken@example.com', '', 1)`)
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan *testkit.Answer)
	go func() { answer <- register("taken@example.com") }()
	db := postgres.Connect(t, address)
	within(t, 10*time.Second, "the registration waits for the other one", func() bool {
		return postgres.Value[bool](t, db, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO %users%')`)
	})
	if err := other.Commit(); err != nil {
		t.Fatal(err)
	}
	(<-answer).Want(want.Status).WantBody(string(want.Body))
}
