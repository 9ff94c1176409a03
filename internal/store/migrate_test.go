package store

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestReadMigrations(t *testing.T) {
	steps, err := readMigrations(fstest.MapFS{
		"0010_ten.sql":       {Data: []byte("ten")},
		"0002_two_words.sql": {Data: []byte("two")},
		"0001_one.sql":       {Data: []byte("one")},
		"README.md":          {Data: []byte("not a migration")},
		"deep/0003_x.sql":    {Data: []byte("not in this folder")},
	})
	want := []Migration{
		// echo -n one | sha256sum
		{1, "one", "one", "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"},
		{2, "two_words", "two", "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"},
		{10, "ten", "ten", "e4432baa90819aaef51d2a7f8e148bf7e679610f3173752fabb4dcb2d0f418d3"},
	}
	if err != nil || !slices.Equal(steps, want) {
		t.Errorf("got %v, %v, want %v", steps, err, want)
	}
}

func TestMigrationNamesBeginWithANumber(t *testing.T) {
	for _, name := range []string{"accounts.sql", "_accounts.sql", "v1_accounts.sql", ".sql", "0001-accounts.sql"} {
		if steps, err := readMigrations(fstest.MapFS{name: {}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, %v", name, steps, err)
		}
	}
	if steps, err := readMigrations(fstest.MapFS{}); err != nil || len(steps) != 0 {
		t.Errorf("an empty folder: %v, %v", steps, err)
	}
}
