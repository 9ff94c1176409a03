package blob_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// The device /dev/full stands in for a full disk.
func TestFullDisk(t *testing.T) {
	root := t.TempDir()
	d := newDisk(t, root)
	put(t, d, "abce", []byte("data")) // creates the folder
	if err := os.Symlink("/dev/full", filepath.Join(root, "ab", "abcd.tmp")); err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "abcd", []byte("data")); !errors.Is(err, blob.ErrFull) {
		t.Errorf("got %v", err)
	}
	wantMissing(t, d, "abcd")
	wantBlob(t, d, "abce", []byte("data"))
	if err := d.Delete(t.Context(), "abcd"); err != nil {
		t.Error(err)
	}
	put(t, d, "abcd", []byte("data"))
	wantFiles(t, root, "ab/abcd", "ab/abce")
}

// A real file system fills up, is cleared and works again.
func TestFullFileSystem(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("SKIPPED: only root may mount a small file system; TestFullDisk covers the essence: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(root, 0); err != nil {
			t.Error(err)
		}
	})
	d := newDisk(t, root)
	put(t, d, "abcd", bytes.Repeat([]byte("x"), 32<<10))
	if err := d.Put(t.Context(), "abce", bytes.Repeat([]byte("x"), 64<<10)); !errors.Is(err, blob.ErrFull) {
		t.Errorf("put: got %v", err)
	}
	wantMissing(t, d, "abce")
	if err := d.Check(t.Context()); !errors.Is(err, blob.ErrFull) {
		t.Errorf("check: got %v", err)
	}
	if err := d.Delete(t.Context(), "abce"); err != nil { // frees the space of the failed Put
		t.Error(err)
	}
	if err := d.Check(t.Context()); !errors.Is(err, blob.ErrFull) { // there is space, but not for a blob of that size
		t.Errorf("check: got %v", err)
	}
	put(t, d, "abce", []byte("data"))
	if err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
	wantFiles(t, root, "ab/abcd", "ab/abce")
}
