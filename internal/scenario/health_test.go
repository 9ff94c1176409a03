package scenario

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// Readiness names the part that does not answer. Signed-in users stay signed in.
func TestReadiness(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	client.Get("/healthz").Want(200).WantBody(`{"status":"success"}`)
	client.Get("/readyz").Want(200).WantBody(`{"status":"success"}`)

	pictures := filepath.Join(server.Data, "pictures")
	if err := os.RemoveAll(pictures); err != nil {
		t.Fatal(err)
	}
	down := client.Get("/readyz").WantError(503, "not_ready")
	if down.Header.Get("Retry-After") == "" || down.Envelope().Errors["storage"] == "" || down.Envelope().Errors["database"] != "" {
		t.Errorf("%s, Retry-After %q", down.Body, down.Header.Get("Retry-After"))
	}
	client.Upload("a.png", testkit.PNG(5, 5)).WantError(503, "unavailable")
	client.Get("/healthz").Want(200)
	client.Get("/api/user").Want(200)

	if err := os.Mkdir(pictures, 0o700); err != nil {
		t.Fatal(err)
	}
	client.Get("/readyz").Want(200) // it recovers by itself
	client.Upload("a.png", testkit.PNG(5, 5)).Want(200)
}

// If a table of the database is missing, logins answer 503 and the server is not ready.
func TestDamagedDatabaseIsAnOutage(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "ada@example.com")
	dropTable(t, server, "sessions")
	client := server.NewClient(t)
	refused := client.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantError(503, "unavailable")
	if refused.Header.Get("Retry-After") == "" {
		t.Errorf("it does not say when to come back: %v", refused.Header)
	}
	for range 2 {
		if says := client.Get("/readyz").WantError(503, "not_ready").Envelope().Errors; says["database"] != "is damaged; the log says more" {
			t.Errorf("readiness says %v", says)
		}
	}
}

func dropTable(t *testing.T, server *testkit.Server, table string) {
	t.Helper()
	statement := "DROP TABLE " + table
	if house.OnPostgres() {
		statement += " CASCADE" // with the references of other tables
	}
	if _, err := house.Raw(t, server.Data).ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// A mail server that takes nothing is told of after five minutes. The server is ready all the same.
func TestReadinessTellsOfTheMailServer(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) {
		c.SMTPURL, c.MailFrom = "smtp://"+testkit.ClosedAddress(t), "accounts@example.com"
	})
	server.Register(t, "ada@example.com")
	server.Log.Await(t, `"job":"mail"`)
	client := server.NewClient(t)
	if says := client.Get("/readyz").Want(200).Envelope().Message; says != "" {
		t.Errorf("at once: %q", says)
	}
	server.Clock.Advance(5 * time.Minute)
	if says := client.Get("/readyz").Want(200).Envelope().Message; says != "Ready, but: The mail server has taken nothing for five minutes; mail waits. The log says more." {
		t.Errorf("after five minutes: %q", says)
	}
}
