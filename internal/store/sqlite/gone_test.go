package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

// Once the file or its log is removed or replaced, nothing is written: it would be lost.
// Moved back, they work again.
func TestFilesThatVanish(t *testing.T) {
	for _, suffix := range []string{"", "-wal"} {
		for what, replace := range map[string]bool{"removed": false, "replaced": true} {
			t.Run(suffix+" "+what, func(t *testing.T) {
				path := newPath(t)
				db := opened(t, path)
				withUsers(t, db, "ann")
				works := func() error { return errors.Join(db.Ping(t.Context()), db.NoticeOthers(t.Context())) }
				if err := works(); err != nil {
					t.Fatal(err)
				}
				away := filepath.Join(filepath.Dir(path), "away")
				if err := os.Rename(path+suffix, away); err != nil {
					t.Fatal(err)
				}
				if replace {
					if err := os.WriteFile(path+suffix, []byte("another"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if err := db.Ping(t.Context()); !errors.Is(err, store.ErrGone) {
					t.Errorf("Ping: %v", err)
				}
				if err := db.Tx(t.Context(), addUsers(t.Context(), "bob")); !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("written: %v", err)
				}
				if err := os.Rename(away, path+suffix); err != nil {
					t.Fatal(err)
				}
				if err := works(); err != nil {
					t.Errorf("back: %v", err)
				}
				withUsers(t, db, "bob")
			})
		}
	}
}
