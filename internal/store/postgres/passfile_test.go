package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// A password can be changed while a server runs: each new connection reads the file again.
func TestRotatedPassword(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{Passwords: true})
	address := server.Database()
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(passwordIn(t, address))
	at, err := ParseAddress(changed(t, address, same), file)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Serve(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing was written
	cut := func() {
		server.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + name(t, address) + "'")
	}
	use := func() error {
		_, err := db.UserByID(t.Context(), "nobody")
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetMark(t.Context(), store.FlaskFrom, time.Now()) })
	}

	write("another")
	server.Exec("ALTER ROLE " + name(t, address) + " PASSWORD 'another'")
	cut()
	if err := use(); err != nil {
		t.Errorf("with a new password: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := use(); err != nil {
		t.Errorf("with connections that are open: %v", err)
	}
	cut()
	err = use()
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "database-password-file: open "+file) || strings.Contains(err.Error(), "\n") {
		t.Errorf("without the file: %v", err)
	}
}
