package datadir_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/datadir"
)

// Others have no permissions for the folder, the database and the key. The group may.
func TestRefuseOpen(t *testing.T) {
	paths := map[string]func(datadir.Dir) string{
		"folder":   func(d datadir.Dir) string { return d.Path },
		"database": func(d datadir.Dir) string { return d.Database },
		"key":      datadir.Dir.SecretFile,
	}
	for name, path := range paths {
		for _, mode := range []os.FileMode{0o700, 0o770, 0o704, 0o701, 0o702} {
			isOpen := mode&0o007 != 0
			dir := datadir.At(t.TempDir(), "", "")
			write(t, dir.Database, "database")
			write(t, dir.SecretFile(), older)
			if err := errors.Join(os.Chmod(dir.Path, 0o700), os.Chmod(path(dir), mode)); err != nil {
				t.Fatal(err)
			}
			err := dir.RefuseOpen()
			if errors.Is(err, datadir.ErrOpen) != isOpen || isOpen && !strings.Contains(err.Error(), path(dir)) {
				t.Errorf("%s with %o: %v", name, mode, err)
			}
		}
	}
}

// The first start makes the folder private. Later a folder that was opened is refused.
func TestMakePrivate(t *testing.T) {
	dir := datadir.At(t.TempDir(), "", "")
	open := func() {
		if err := os.Chmod(dir.Path, 0o755); err != nil { //nolint:gosec // that is the point
			t.Fatal(err)
		}
	}
	open()
	if err := errors.Join(dir.MakePrivate(), dir.RefuseOpen()); err != nil {
		t.Error(err)
	}
	write(t, dir.Database, "database")
	open()
	if err := errors.Join(dir.MakePrivate(), dir.RefuseOpen()); !errors.Is(err, datadir.ErrOpen) {
		t.Errorf("opened afterwards: %v", err)
	}
}
