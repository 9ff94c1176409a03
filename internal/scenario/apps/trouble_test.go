package apps

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// quoted fails if docs/trouble.md does not quote the beginning of a message, up to a cut.
func quoted(t *testing.T, message, cut string) {
	t.Helper()
	message, _, _ = strings.Cut(message, cut)
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "trouble.md"))
	if err != nil {
		t.Fatal(err)
	}
	if len(message) < 8 || !strings.Contains(string(page), message) {
		t.Errorf("docs/trouble.md does not quote %q", message)
	}
}

// logged fails if docs/trouble.md does not quote the message of the log that has a text.
func logged(t *testing.T, server *testkit.Server, text string) {
	t.Helper()
	server.Log.Await(t, text)
	for line := range strings.Lines(server.Log.String()) {
		if strings.Contains(line, text) {
			_, message, _ := strings.Cut(line, `"msg":"`)
			quoted(t, message, `"`)
		}
	}
}

// What docs/trouble.md quotes is what the server says.
func TestTrouble(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, func(c *cardea.Config) { c.AllowedOrigins = []string{"https://app.example.com"} })
	ada := server.Register(t, "ada@example.com")

	stranger := server.NewClient(t)
	quoted(t, stranger.Get("/api/user").Want(http.StatusUnauthorized).Envelope().Message, "\n")
	stranger.Header.Set("Cookie", "session=eyJfZnJlc2giOnRydWV9.ZkXyzA.abc-def")
	stranger.Get("/api/user").Want(http.StatusUnauthorized)
	logged(t, server, "not Cardea's")

	stranger.Header.Set("Origin", "https://evil.example")
	quoted(t, stranger.Post("/api/login", nil).Want(http.StatusForbidden).Envelope().Message, "\n")
	logged(t, server, "origin refused")
	stranger.Header.Set("Origin", "https://app.example.com")
	stranger.Header.Set("Access-Control-Request-Method", "POST")
	stranger.Header.Set("Access-Control-Request-Headers", "x-csrf")
	stranger.Send("OPTIONS", "/api/login", "", nil).Want(http.StatusNoContent)
	logged(t, server, "preflight not met")

	house.Lock(t, server.Data)
	ada.Rename("Ada").Want(http.StatusServiceUnavailable)
	if house.OnPostgres() {
		return // the server names the lock itself, in its own words
	}
	const unavailable = "store: database unavailable: "
	server.Log.Await(t, unavailable)
	_, message, _ := strings.Cut(server.Log.String(), unavailable)
	quoted(t, unavailable+message, `"`)
}

// A data folder that the server refuses, or warns of.
func TestTroubleAtTheStart(t *testing.T) {
	t.Parallel()
	house.OnlySQLite(t, "the page quotes what a server says of the file")
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	refused := func() string {
		t.Helper()
		second, err := cardea.New(cardea.Config{Data: server.Data, Database: house.Address(t, server.Data)})
		if err == nil {
			_ = second.Close()
			t.Fatal("it starts")
		}
		return strings.ReplaceAll(err.Error(), server.Data, "d5")
	}
	quoted(t, refused(), "; ")
	server.Stop()
	if err := os.Chmod(server.Data, 0o755); err != nil { //nolint:gosec // that is the mistake
		t.Fatal(err)
	}
	quoted(t, refused(), "; or ")
	if err := os.Chmod(server.Data, 0o700); err != nil { //nolint:gosec // a folder
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(server.Data, "secret.key")); err != nil {
		t.Fatal(err)
	}

	again := testkit.Start(t, testkit.On(server.Data), func(c *cardea.Config) { c.Clock = server.Clock.Now })
	logged(t, again, "secret.key is missing")
	ada.URL = again.URL
	ada.Get("/api/user").Want(http.StatusOK)

	again.Stop()
	renamed := testkit.Start(t, testkit.On(server.Data), func(c *cardea.Config) {
		c.Clock, c.CookieName = server.Clock.Now, "app_session"
	})
	ada.URL = renamed.URL
	ada.Get("/api/user").Want(http.StatusUnauthorized)
}
