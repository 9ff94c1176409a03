package scenario

import (
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// While cardea move has paused writes, calls that change something say that maintenance is in progress,
// and when to come back. Signed-in users stay signed in, and the server is ready.
func TestWritesPausedByAMove(t *testing.T) {
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	house.Pause(t, server.Data)
	for what, refused := range map[string]*testkit.Answer{
		"login":    server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")),
		"register": server.NewClient(t).Post("/api/register", testkit.Registration("Bob", "bob@example.com", "simplepass")),
		"forgot":   server.NewClient(t).Post("/api/password/forgot", map[string]any{"email": "ada@example.com"}),
		"rename":   ada.Rename("Ada"),
		"upload":   ada.Upload("a.png", testkit.PNG(5, 5)),
		"logout":   ada.Post("/api/logout", nil),
	} {
		const want = "Maintenance is in progress, so nothing can be saved at the moment. Nothing was changed. Try again in a few minutes."
		if says := refused.WantError(503, "unavailable").Envelope().Message; says != want || refused.Header.Get("Retry-After") != "10" {
			t.Errorf("%s: %q, Retry-After %q", what, says, refused.Header.Get("Retry-After"))
		}
	}
	ada.Get("/api/user").Want(200)
	ada.Get("/readyz").Want(200).WantBody(`{"status":"success"}`)
}
