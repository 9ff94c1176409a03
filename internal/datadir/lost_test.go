package datadir_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/datadir"
)

// A database that is missing or empty is a first start only if no server has used the
// folder before. Server and commands agree.
func TestLostDatabase(t *testing.T) {
	const missing, empty = "missing", ""
	key := func(d datadir.Dir) string { return d.SecretFile() }
	log := func(d datadir.Dir) string { return d.Database + "-wal" }
	lock := datadir.Dir.LockFile
	photo := func(d datadir.Dir) string { return filepath.Join(d.Pictures, "k3", "k3v9") }
	stray := func(d datadir.Dir) string { return filepath.Join(d.Pictures, ".keep") }
	type files = []func(datadir.Dir) string
	for name, c := range map[string]struct {
		database string
		others   files
		isLost   bool
	}{
		"a new folder":                                {missing, nil, false},
		"a key put there before the first start":      {missing, files{key}, false},
		"a first start cut off before the database":   {missing, files{lock}, false},
		"a first start cut off while it was made":     {empty, files{lock}, false},
		"the same with a key put there before":        {empty, files{lock, key}, false},
		"a whole database":                            {"database", files{lock, key, photo, log}, false},
		"missing next to pictures":                    {missing, files{photo}, true},
		"missing next to its log":                     {missing, files{log}, true},
		"missing next to the key of a server":         {missing, files{lock, key}, true},
		"missing with its lock, next to the key":      {missing, files{key, stray}, true},
		"empty next to pictures":                      {empty, files{photo}, true},
		"empty next to its log":                       {empty, files{lock, log}, true},
		"empty next to what a first start makes last": {empty, files{lock, key, stray}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := datadir.At(t.TempDir(), "", "")
			if c.database != missing {
				write(t, dir.Database, c.database)
			}
			for _, file := range c.others {
				path := file(dir)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				write(t, path, "text")
			}
			hasPictures := func() bool { _, err := os.Stat(photo(dir)); return err == nil }
			for _, act := range []struct { // the server last, because it makes the lock file
				what string
				f    func() error
			}{
				{"command", func() error { return dir.RefuseLost(hasPictures) }},
				{"server", func() error {
					lock, err := dir.Claim(hasPictures)
					if err == nil {
						err = lock.Close()
					}
					return err
				}},
			} {
				what := act.what
				if err := act.f(); errors.Is(err, datadir.ErrLost) != c.isLost || !c.isLost && err != nil {
					t.Errorf("%s: %v", what, err)
				} else if c.isLost && !strings.Contains(err.Error(), dir.Database) {
					t.Errorf("%s: does not name the database: %v", what, err)
				}
			}
		})
	}
}

// A link to a database that is not there is a disk that is not mounted.
func TestDanglingLinkToTheDatabase(t *testing.T) {
	dir := datadir.At(t.TempDir(), "", "")
	if err := os.Symlink("/nowhere/cardea.db", dir.Database); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Claim(none); !errors.Is(err, datadir.ErrLost) {
		t.Errorf("%v", err)
	}
}

// One database has one lock, whatever path leads to it.
func TestLockThroughLinks(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "real.db")
	write(t, file, "database")
	lock, err := datadir.At(folder, file, "").Claim(none)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close() //nolint:errcheck // the test ends
	toFile, toFolder := filepath.Join(t.TempDir(), "link.db"), filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.Symlink(file, toFile), os.Symlink(folder, toFolder)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{toFile, filepath.Join(toFolder, "real.db")} {
		if _, err := datadir.At(t.TempDir(), path, "").Claim(none); !errors.Is(err, datadir.ErrInUse) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
