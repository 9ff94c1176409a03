package datadir

import (
	"os"
	"path/filepath"
	"testing"
)

// What a process left behind that died is removed by the next one. What another one uses stays.
// Nothing is made beside a folder that is missing.
func TestScratch(t *testing.T) {
	parent, temporary := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	used, remove, err := Scratch(filepath.Join(parent, "missing"))
	if err != nil || filepath.Dir(used) != temporary {
		t.Fatal(used, err)
	}
	dead := filepath.Join(parent, scratchPrefix+"dead")
	deadToo := filepath.Join(temporary, scratchPrefix+"dead")
	young := filepath.Join(parent, scratchPrefix+"young") // whose lock is to come
	for _, folder := range []string{dead, deadToo, young} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if folder == young {
			continue
		}
		if err := os.WriteFile(scratchLock(folder), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again, removeAgain, err := Scratch(parent)
	if err != nil || !exists(used) || !exists(young) || exists(dead) || exists(deadToo) || filepath.Dir(again) != parent {
		t.Error(err, exists(used), exists(young), exists(dead), exists(deadToo), again)
	}
	if err := remove(); err != nil || exists(used) {
		t.Error(err)
	}
	if err := removeAgain(); err != nil || exists(again) {
		t.Error(err)
	}
}
