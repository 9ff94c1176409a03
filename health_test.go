package cardea_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Readiness says which part does not answer; people who are signed in stay so.
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
	client.Upload("a.png", pngOf(5, 5)).WantError(503, "unavailable")
	client.Get("/healthz").Want(200)
	client.Get("/api/user").Want(200)

	if err := os.Mkdir(pictures, 0o700); err != nil {
		t.Fatal(err)
	}
	client.Get("/readyz").Want(200) // it recovers by itself
	client.Upload("a.png", pngOf(5, 5)).Want(200)
}
