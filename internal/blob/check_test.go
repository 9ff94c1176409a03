package blob_test

import (
	"os"
	"path/filepath"
	"testing"
)

// An upload that failed in its folder keeps the storage from being ready until the folder
// can be written again.
func TestCheckRemembersAFolderThatFailed(t *testing.T) {
	root := t.TempDir()
	d := newDisk(t, root)
	strayFile(t, root, "ab") // where the folder should be
	if err := d.Check(t.Context()); err != nil {
		t.Errorf("before: %v", err)
	}
	if err := d.Put(t.Context(), "abcd", nil); err == nil {
		t.Error("stored in a file")
	}
	for range 2 {
		if err := d.Check(t.Context()); err == nil {
			t.Error("Check succeeded")
		}
	}
	if err := os.Remove(filepath.Join(root, "ab")); err != nil {
		t.Fatal(err)
	}
	if err := d.Check(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
