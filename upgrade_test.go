package cardea_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The data folder in testdata/0.1.0-first was made by the first Cardea that there
// was: one person, with a session and a picture.
const (
	firstRelease      = "testdata/0.1.0-first"
	firstReleaseToken = "4CDTBYWQPVNSKI3D3JSDV7IVKC" //nolint:gosec // of a session in the test data
	firstReleaseUser  = "hscidkzicemrcomv"
)

func copyOfFirstRelease(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(firstRelease)); err != nil {
		t.Fatal(err)
	}
	return data
}

// An upgrade keeps everything, and the database as it was beside the new one.
func TestUpgradeFromTheFirstRelease(t *testing.T) {
	data := copyOfFirstRelease(t)
	server := testkit.Start(t, func(c *cardea.Config) { c.Data = data })
	server.Clock.Advance(24 * time.Hour)

	client := server.NewClient(t)
	client.Cookie = firstReleaseToken
	user := client.Get("/api/user").Want(200).Envelope().User
	if user.ID != firstReleaseUser || user.Email != "ada@example.com" || user.Picture == nil {
		t.Errorf("the person: %+v", user)
	}
	client.Get("/uploads/" + firstReleaseUser + "_test.png").Want(200)
	server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
	client.Upload("new.png", pngOf(5, 5)).Want(200)
	server.Stop()

	copies, err := filepath.Glob(data + "/cardea.db.before-*")
	if err != nil || len(copies) != 1 {
		t.Fatalf("copies %v, %v", copies, err)
	}
	before, err := os.Stat(copies[0])
	if err != nil || before.Mode().Perm() != 0o600 {
		t.Errorf("the copy's mode is %v (%v)", before.Mode(), err)
	}
	again, err := store.Open(t.Context(), copies[0]) // it can be opened, and upgraded, as any other
	if err != nil {
		t.Fatal(err)
	}
	if p, err := again.PictureOfUser(t.Context(), firstReleaseUser); err != nil || p.Name != "test.png" {
		t.Errorf("in the copy: %+v, %v", p, err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// Only the last three copies are kept, and a start that upgrades nothing makes none.
func TestCopiesBeforeUpgrades(t *testing.T) {
	data := copyOfFirstRelease(t)
	for _, name := range []string{"20240101T000000Z", "20250101T000000Z", "20260101T000000Z", "20260201T000000Z"} {
		if err := os.WriteFile(filepath.Join(data, "cardea.db.before-"+name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		testkit.Start(t, func(c *cardea.Config) { c.Data = data }).Stop()
		copies, err := filepath.Glob(data + "/cardea.db.before-*")
		if err != nil || len(copies) != 3 || !slices.ContainsFunc(copies, func(c string) bool { return strings.HasSuffix(c, "20260201T000000Z") }) {
			t.Errorf("copies %v (%v)", copies, err)
		}
	}
}

// A database of a newer release is refused, and stays as it is.
func TestNewerDatabaseIsRefused(t *testing.T) {
	data := t.TempDir()
	testkit.Start(t, func(c *cardea.Config) { c.Data = data }).Stop()
	path := filepath.Join(data, "cardea.db")
	withSQL(t, path, `INSERT INTO migrations (version, name, checksum, applied_at) VALUES (9999, 'from_the_future', 'x', 0)`)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = cardea.New(cardea.Config{Data: data})
	if err == nil || !strings.Contains(err.Error(), "newer release") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(before) != string(after) {
		t.Errorf("the database was changed (%v)", err)
	}
}

// withSQL changes a database behind Cardea's back.
func withSQL(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
