package datadir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cardea-accounts/cardea/internal/datadir"
)

func none() bool { return false }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPaths(t *testing.T) {
	if got, want := datadir.At("data", "", ""), (datadir.Dir{Path: "data", Database: "data/cardea.db", Pictures: "data/pictures"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := datadir.At("data", "db", "pics"), (datadir.Dir{Path: "data", Database: "db", Pictures: "pics"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The folder is created for its owner only, and one process serves it at a time.
func TestClaim(t *testing.T) {
	dir := datadir.At(filepath.Join(t.TempDir(), "above", "data"), "", "")
	lock, err := dir.Claim(none)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{dir.Path: fs.ModeDir | 0o700, dir.LockFile(): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v (%v), want %v", path, info.Mode(), err, want)
		}
	}
	if _, err := dir.Claim(none); !errors.Is(err, datadir.ErrInUse) || !strings.Contains(err.Error(), dir.Database) {
		t.Errorf("claimed twice: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
	if lock, err = dir.Claim(none); err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}

// A refused first start leaves no lock, so the folder is still empty for a restore, and a key that an
// operator puts there is not taken for that of a lost database. An older lock stays.
func TestRefusedClaimLeavesNoLock(t *testing.T) {
	dir := datadir.At(filepath.Join(t.TempDir(), "data"), "", "")
	hasPictures := func() bool { return true }
	if _, err := dir.Claim(hasPictures); !errors.Is(err, datadir.ErrLost) {
		t.Fatal(err)
	}
	if err := dir.RefuseUsed(); err != nil {
		t.Error(err)
	}
	write(t, dir.LockFile(), "")
	if _, err := dir.Claim(hasPictures); !errors.Is(err, datadir.ErrLost) {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir.LockFile()); err != nil {
		t.Error(err)
	}
}

// Of many processes that claim a folder and are refused, or claim it, one at a time has it, although
// lock files come and go.
func TestClaimsWhileLocksAreRemoved(t *testing.T) {
	dir := datadir.At(t.TempDir(), "", "")
	var owners atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 500 {
				lock, err := dir.Claim(func() bool { return i%2 == 0 })
				if err != nil {
					continue
				}
				if owners.Add(1) > 1 {
					t.Error("two own the folder")
				}
				runtime.Gosched()
				owners.Add(-1)
				_ = os.Remove(dir.LockFile()) // as a restore that fails
				if err := lock.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// A restore gives the database its name last. Until then the folder cannot be served.
func TestHalfRestored(t *testing.T) {
	dir := datadir.At(t.TempDir(), "", "")
	write(t, dir.Staged(), "")
	if _, err := dir.Claim(none); !errors.Is(err, datadir.ErrHalfRestored) || !strings.Contains(err.Error(), dir.Path) {
		t.Errorf("half restored: %v", err)
	}
	write(t, dir.Database, "database")
	lock, err := dir.Claim(none)
	if err != nil {
		t.Fatalf("restored: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}

func TestRefuseUsed(t *testing.T) {
	dir := datadir.At(filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "db"), filepath.Join(t.TempDir(), "pictures"))
	refused := func(want error) {
		t.Helper()
		if err := dir.RefuseUsed(); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	refused(nil)
	for _, folder := range []string{dir.Path, dir.Pictures} {
		if err := os.MkdirAll(filepath.Join(folder, "lost+found"), 0o700); err != nil {
			t.Fatal(err)
		}
		refused(nil)
		write(t, filepath.Join(folder, "file"), "")
		refused(datadir.ErrNotEmpty)
		if err := os.Remove(filepath.Join(folder, "file")); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir.SecretFile(), "")
	refused(nil)
	pictures := dir.Pictures
	dir.Pictures = dir.Path // from which a restore that fails would remove the key
	refused(datadir.ErrNotEmpty)
	dir.Pictures = pictures
	write(t, dir.Database, "")
	refused(fs.ErrExist)
}
