package datadir

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What a process left behind that died is removed by the next one. What another one uses stays.
func TestScratch(t *testing.T) {
	parent := t.TempDir()
	used, remove, err := Scratch(filepath.Join(parent, "missing", "folder"))
	if err != nil || filepath.Dir(used) != parent {
		t.Fatal(used, err)
	}
	dead := filepath.Join(parent, scratchPrefix+"dead")
	if err := os.Mkdir(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{used, dead} {
		if err := os.Chtimes(folder, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	again, removeAgain, err := Scratch(parent)
	if err != nil || !exists(used) || exists(dead) {
		t.Error(err, exists(used), exists(dead))
	}
	if err := remove(); err != nil || exists(used) {
		t.Error(err)
	}
	if err := removeAgain(); err != nil || exists(again) {
		t.Error(err)
	}
}
