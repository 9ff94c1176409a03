package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cardea-accounts/cardea/internal/durable"
)

// Disk keeps blobs as files below a folder. The key "k3v9…" is the file k3/k3v9….
//
// After a crash, a blob is either complete or missing.
type Disk struct {
	root string

	mu     sync.Mutex
	synced map[string]bool // folders whose entry in the root is synced

	checkMu sync.Mutex             // held by Check, which always writes the same file
	lacking atomic.Int64           // size of the last blob that did not fit; 0 after a success
	failing atomic.Pointer[string] // key of the last blob that could not be written; nil after a success
}

// NewDisk returns the store in a folder. It creates the folder if it is missing,
// readable by its owner only.
func NewDisk(root string) (*Disk, error) {
	if err := durable.MkdirAll(root); err != nil {
		return nil, err
	}
	d := OpenDisk(root)
	return d, remove(d.checkFile()) // a process may have died in Check
}

// OpenDisk returns the store in a folder without writing to it. Use it for a
// read-only file system.
func OpenDisk(root string) *Disk { return &Disk{root: root, synced: map[string]bool{}} }

// lostAndFound is at the root of an ext4 file system.
const lostAndFound = "lost+found"

// temporary is the suffix of a file that is being written. No key contains it.
const temporary = durable.Suffix

func (d *Disk) checkFile() string { return filepath.Join(d.root, "check"+temporary) }

// Put implements [Store].
func (d *Disk) Put(_ context.Context, key string, data []byte) error {
	path, err := d.path(key)
	if err != nil {
		return err
	}
	err = d.makeFolder(filepath.Dir(path))
	if err == nil {
		err = durable.WriteFile(path, data, 0o600)
	}
	err = storageError(err)
	if err != nil {
		d.failing.Store(&key)
	}
	switch {
	case errors.Is(err, ErrFull):
		d.lacking.Store(int64(len(data)))
	case err == nil:
		d.lacking.Store(0)
		d.failing.Store(nil)
	}
	return err
}

// Open implements [Store].
func (d *Disk) Open(_ context.Context, key string) (Blob, error) {
	path, err := d.path(key)
	if err != nil {
		return nil, err
	}
	// Without O_NONBLOCK, opening a pipe would block.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // path comes from a valid key
	if err != nil {
		return nil, storageError(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotFile} // of this file alone
	}
	if err != nil {
		return nil, errors.Join(storageError(err), f.Close())
	}
	return &file{f, info}, nil
}

var errNotFile = errors.New("not a regular file")

// Delete implements [Store]. A crash does not bring the file back.
func (d *Disk) Delete(_ context.Context, key string) error {
	path, err := d.path(key)
	if err != nil {
		return err
	}
	if err := errors.Join(remove(path), remove(path+temporary)); err != nil {
		return err
	}
	if err := durable.SyncFolder(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		return storageError(err)
	}
	return nil
}

// List implements [Store].
func (d *Disk) List(ctx context.Context, f func(Item) error) error {
	return eachEntry(ctx, d.root, d.root, f, func(name string) error {
		path := filepath.Join(d.root, name)
		switch {
		case path == d.checkFile(), name == lostAndFound:
			return nil
		case !isFolderName(name) || !isFolder(path):
			return f(Item{Name: name})
		}
		return eachEntry(ctx, path, name, f, func(file string) error {
			item := Item{Name: filepath.Join(name, file)}
			if key := strings.TrimSuffix(file, temporary); isValidKey(key) && key[:2] == name {
				item.Key = key
			}
			return f(item)
		})
	})
}

// isFolderName reports whether name can be the first two characters of a key.
func isFolderName(name string) bool { return len(name) == 2 && isValidKey(name+name) }

// isFolder follows links, as [Disk.Open] does.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// eachEntry calls each with every name in a folder. It reads the names in batches
// of 1,000. If the folder cannot be read, it calls failed with the reason.
func eachEntry(ctx context.Context, path, name string, failed func(Item) error, each func(name string) error) error {
	folder, err := os.Open(path) //nolint:gosec // below the root
	if err != nil {
		return failed(Item{Name: name, Err: storageError(err)})
	}
	defer folder.Close() //nolint:errcheck // only read
	for {
		names, err := folder.Readdirnames(1000)
		for _, n := range names {
			if err := errors.Join(ctx.Err(), each(n)); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return failed(Item{Name: name, Err: storageError(err)})
		}
	}
}

// ModTime implements [Store].
func (d *Disk) ModTime(_ context.Context, key string) (time.Time, error) {
	path, err := d.path(key)
	if err != nil {
		return time.Time{}, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(path + temporary)
	}
	if err != nil {
		return time.Time{}, storageError(err)
	}
	return info.ModTime(), nil
}

func (d *Disk) path(key string) (string, error) {
	below, err := Path(key)
	if err != nil {
		return "", err
	}
	return filepath.Join(d.root, filepath.FromSlash(below)), nil
}

// makeFolder creates a folder below the root if it is missing, and syncs the root.
// It also syncs the root once for an existing folder, because the process that
// created it may have died before its sync.
func (d *Disk) makeFolder(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrExist) && d.synced[path] {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := durable.SyncFolder(d.root); err != nil {
		return err
	}
	d.synced[path] = true
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storageError(err)
	}
	return nil
}

func storageError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

type file struct {
	*os.File
	info fs.FileInfo
}

func (f *file) Size() int64        { return f.info.Size() }
func (f *file) ModTime() time.Time { return f.info.ModTime() }
