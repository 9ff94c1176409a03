package blob_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/blob/s3"
	testkit "github.com/cardea-accounts/cardea/internal/testkit/s3"
)

func TestDisk(t *testing.T) {
	testStore(t, func(t *testing.T) blob.Store { return newDisk(t, filepath.Join(t.TempDir(), "made", "if missing")) })
}

func TestS3(t *testing.T) {
	testStore(t, func(t *testing.T) blob.Store { return newBucket(t, testkit.New(t).Storage()) })
}

func TestS3WithAPrefix(t *testing.T) {
	testStore(t, func(t *testing.T) blob.Store {
		bucket := testkit.New(t)
		put(t, newBucket(t, bucket.Storage()), key, []byte("of another app"))
		return newBucket(t, strings.Replace(bucket.Storage(), "?", "/pictures/of-cardea?", 1))
	})
}

// newBucket returns the store at an address.
func newBucket(t *testing.T, address string) *s3.Bucket {
	t.Helper()
	at, err := s3.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s3.New(at)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// newDisk creates the store in a folder.
func newDisk(t *testing.T, root string) *blob.Disk {
	t.Helper()
	d, err := blob.NewDisk(root)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// files lists the files below a folder.
func files(t *testing.T, root string) []string {
	t.Helper()
	names := []string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// wantFiles asserts which files lie below a folder.
func wantFiles(t *testing.T, root string, want ...string) {
	t.Helper()
	if got := files(t, root); !slices.Equal(got, want) {
		t.Errorf("files: %q, want %q", got, want)
	}
}

func TestDiskLeavesNoOtherFiles(t *testing.T) {
	root := t.TempDir()
	d := newDisk(t, root)
	put(t, d, "abcd", []byte("data"))
	if err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
	wantFiles(t, root, "ab/abcd")
	if err := d.Delete(t.Context(), "abcd"); err != nil {
		t.Error(err)
	}
	wantFiles(t, root)
}

func TestDiskFilesArePrivate(t *testing.T) {
	root := filepath.Join(t.TempDir(), "pictures")
	put(t, newDisk(t, root), "abcd", []byte("data"))
	for name, want := range map[string]fs.FileMode{".": 0o700, "ab": 0o700, "ab/abcd": 0o600} {
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
}

// strayFile writes a file below root, as a killed process would leave it.
func strayFile(t *testing.T, root, name string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("half of the da"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestInterruptedPut(t *testing.T) {
	root := t.TempDir()
	strayFile(t, root, "ab/abcd.tmp")
	d := newDisk(t, root)
	wantMissing(t, d, "abcd")
	put(t, d, "abcd", []byte("data"))
	wantBlob(t, d, "abcd", []byte("data"))
	wantFiles(t, root, "ab/abcd")
}

func TestDeleteRemovesPartialData(t *testing.T) {
	root := t.TempDir()
	strayFile(t, root, "ab/abcd.tmp")
	d := newDisk(t, root)
	if err := d.Delete(t.Context(), "abcd"); err != nil {
		t.Error(err)
	}
	wantFiles(t, root)
	put(t, d, "abcd", []byte("data"))
	strayFile(t, root, "ab/abcd.tmp")
	strayFile(t, root, "ab/abcde.tmp") // of another key
	if err := d.Delete(t.Context(), "abcd"); err != nil {
		t.Error(err)
	}
	wantFiles(t, root, "ab/abcde.tmp")
}

func TestDiskReopened(t *testing.T) {
	root := t.TempDir()
	put(t, newDisk(t, root), "abcd", []byte("data"))
	wantBlob(t, newDisk(t, root), "abcd", []byte("data"))
	put(t, newDisk(t, root), "abce", []byte("more")) // its folder exists
}

// The folder may be on a disk that was unmounted, or was moved by mistake.
func TestVanishedFolder(t *testing.T) {
	root := filepath.Join(t.TempDir(), "pictures")
	d := newDisk(t, root)
	put(t, d, "abcd", []byte("data"))
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if err := d.Check(t.Context()); err == nil {
		t.Error("Check succeeded")
	}
	for _, k := range []string{"abce", "xxxx"} {
		if err := d.Put(t.Context(), k, []byte("data")); err == nil {
			t.Errorf("put %s into a missing folder", k)
		}
	}
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was created again, perhaps on another file system: %v", err)
	}
	wantMissing(t, d, "abcd")
	if err := d.Delete(t.Context(), "abcd"); err != nil {
		t.Errorf("nothing to delete: %v", err)
	}
}

// The storage recovers without a restart.
func TestRemovedSubfolderIsRecreated(t *testing.T) {
	root := t.TempDir()
	d := newDisk(t, root)
	put(t, d, "abcd", []byte("data"))
	if err := os.RemoveAll(filepath.Join(root, "ab")); err != nil {
		t.Fatal(err)
	}
	wantMissing(t, d, "abcd")
	put(t, d, "abce", []byte("data"))
	wantBlob(t, d, "abce", []byte("data"))
}

// An open picture can be read to its end although it was replaced.
func TestOpenBlobOutlivesItsDeletion(t *testing.T) {
	d := newDisk(t, t.TempDir())
	put(t, d, "abcd", []byte("data"))
	b := open(t, d, "abcd")
	if err := d.Delete(t.Context(), "abcd"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); err != nil || string(got) != "data" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNewDiskRefusesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{path, filepath.Join(path, "below")} {
		if _, err := blob.NewDisk(root); err == nil {
			t.Errorf("%s was accepted", root)
		}
	}
}

// Other errors are reported neither as a missing blob nor as a full disk.
func TestOtherErrorsAreAnOutage(t *testing.T) {
	root := t.TempDir()
	d := newDisk(t, root)
	if err := os.WriteFile(filepath.Join(root, "ab"), nil, 0o600); err != nil { // in place of a folder
		t.Fatal(err)
	}
	_, openErr := d.Open(t.Context(), "abcd")
	for what, err := range map[string]error{"put": d.Put(t.Context(), "abcd", nil), "open": openErr, "delete": d.Delete(t.Context(), "abcd")} {
		if err == nil || errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrFull) || errors.Is(err, blob.ErrKey) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func BenchmarkDiskPut(b *testing.B) {
	d, err := blob.NewDisk(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	data := make([]byte, 100_000)
	b.SetBytes(int64(len(data)))
	n := 0
	for b.Loop() {
		n++
		if err := d.Put(b.Context(), fmt.Sprintf("%08d", n), data); err != nil {
			b.Fatal(err)
		}
	}
}

// Foreign files are listed without a key.
func TestListReportsForeignFiles(t *testing.T) {
	root := t.TempDir()
	d, err := blob.NewDisk(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"k3/k3left.tmp", "k3/README.txt", "k3/k3UPPER", "ab/k3elsewhere", "readme", "photos/k3v9", "k3/.k3hidden", "K3/K3v9", "cd",
		"check.tmp", "lost+found/x",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	if err := d.List(t.Context(), func(i blob.Item) error { got[i.Name] = i.Key; return i.Err }); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"k3/k3left.tmp": "k3left", "k3/README.txt": "", "k3/k3UPPER": "", "k3/.k3hidden": "", "ab/k3elsewhere": "",
		"readme": "", "photos": "", "K3": "", "cd": "",
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	if _, err := d.ModTime(t.Context(), "k3left"); err != nil {
		t.Error(err)
	}
}

func TestListReportsAnUnreadableFolder(t *testing.T) {
	root := filepath.Join(t.TempDir(), "pictures")
	d, err := blob.NewDisk(root)
	if err != nil {
		t.Fatal(err)
	}
	put(t, d, key, nil)
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	var failed []blob.Item
	if err := d.List(t.Context(), func(i blob.Item) error { failed = append(failed, i); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(failed) != 1 || failed[0].Name != root || !errors.Is(failed[0].Err, blob.ErrNotFound) {
		t.Errorf("%+v", failed)
	}
}

// Folders and pipes in place of a file are refused. A pipe does not block.
func TestOpenRefusesNonFiles(t *testing.T) {
	root := t.TempDir()
	d, err := blob.NewDisk(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(root, "k3", "k3folder"), 0o700), syscall.Mkfifo(filepath.Join(root, "k3", "k3pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"k3folder", "k3pipe"} {
		if b, err := d.Open(t.Context(), key); err == nil || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s: %v, %v", key, b, err)
		}
	}
}
