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
)

// Disk keeps blobs as files below a folder: key "k3v9…" is the file k3/k3v9….
//
// A file is made durable in the way POSIX asks for: written under another name
// in the same folder, synced, renamed, and the folder synced, so that after a
// crash it is there whole or not at all.
type Disk struct {
	root string

	mu      sync.Mutex
	durable map[string]bool // folders whose entry in the root is on the disk

	// wanted is how many bytes there was no room for, the last time; 0: there was.
	wanted   atomic.Int64
	checking sync.Mutex
}

// NewDisk makes the folder if it is missing, readable by its owner only, and
// returns the store in it.
func NewDisk(root string) (*Disk, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	d := OpenDisk(root)
	return d, remove(d.checkFile()) // left over if a process died in Check
}

// OpenDisk returns the store in a folder, of which it makes and removes nothing: for
// a file system that is read-only.
func OpenDisk(root string) *Disk { return &Disk{root: root, durable: map[string]bool{}} }

// Holds tells whether there are blobs below a folder, which it does not make.
func Holds(ctx context.Context, root string) bool {
	found := errors.New("found")
	return errors.Is(OpenDisk(root).List(ctx, func(i Item) error {
		if i.Key != "" {
			return found
		}
		return nil
	}), found)
}

// temporary marks a file that is being written. No key contains it.
const temporary = ".tmp"

func (d *Disk) checkFile() string { return filepath.Join(d.root, "check"+temporary) }

// Put implements [Store].
func (d *Disk) Put(_ context.Context, key string, data []byte) error {
	path, err := d.path(key)
	if err != nil {
		return err
	}
	if err := d.makeFolder(filepath.Dir(path)); err != nil {
		return storageError(err)
	}
	if err := storageError(writeSynced(path+temporary, data)); err != nil {
		if errors.Is(err, ErrFull) {
			d.wanted.Store(int64(len(data)))
		}
		return err
	}
	d.wanted.Store(0)
	if err := os.Rename(path+temporary, path); err != nil {
		return storageError(err)
	}
	return storageError(syncFolder(filepath.Dir(path)))
}

// Open implements [Store].
func (d *Disk) Open(_ context.Context, key string) (Blob, error) {
	path, err := d.path(key)
	if err != nil {
		return nil, err
	}
	// A pipe in the file's place would block the opening for ever.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // path is made from a checked key
	if err != nil {
		return nil, storageError(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotFile
	}
	if err != nil {
		return nil, errors.Join(storageError(err), f.Close())
	}
	return &file{f, info}, nil
}

var errNotFile = errors.New("something else than a file is in its place")

// Delete implements [Store]. The file does not come back after a crash.
func (d *Disk) Delete(_ context.Context, key string) error {
	path, err := d.path(key)
	if err != nil {
		return err
	}
	if err := errors.Join(remove(path), remove(path+temporary)); err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		return storageError(err)
	}
	return nil
}

// List implements [Store].
func (d *Disk) List(ctx context.Context, f func(Item) error) error {
	return eachEntry(ctx, d.root, d.root, f, func(name string) error {
		path := filepath.Join(d.root, name)
		switch {
		case path == d.checkFile(), name == "lost+found": // the latter is of a file system of its own
			return nil
		case !isFolderName(name) || !isFolder(path):
			return f(Item{Name: name})
		}
		return eachEntry(ctx, path, name, f, func(file string) error {
			item := Item{Name: filepath.Join(name, file)}
			if key := strings.TrimSuffix(file, temporary); validKey(key) && key[:2] == name {
				item.Key = key
			}
			return f(item)
		})
	})
}

// isFolderName tells whether keys can begin so.
func isFolderName(name string) bool { return len(name) == 2 && validKey(name+name) }

// isFolder also follows a link, as [Disk.Open] does.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// eachEntry calls each with the names in a folder, piece by piece however large it
// is, and failed with why the folder, which has a name for people, cannot be read.
func eachEntry(ctx context.Context, path, name string, failed func(Item) error, each func(name string) error) error {
	folder, err := os.Open(path) //nolint:gosec // below the root
	if err != nil {
		return failed(Item{Name: name, Err: storageError(err)})
	}
	defer folder.Close() //nolint:errcheck // it was only read
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

// Check implements [Store] by writing and removing a file: a small one or, when
// there was no room for a blob, one of its size.
func (d *Disk) Check(context.Context) error {
	d.checking.Lock()
	defer d.checking.Unlock()
	data := make([]byte, max(checkBytes, d.wanted.Load()))
	err := os.WriteFile(d.checkFile(), data, 0o600)
	if err == nil {
		d.wanted.Store(0)
	}
	return errors.Join(storageError(err), remove(d.checkFile()))
}

// checkBytes is less than a block of any disk.
const checkBytes = 64

func (d *Disk) path(key string) (string, error) {
	if !validKey(key) {
		return "", fmt.Errorf("%w: %q", ErrKey, key)
	}
	return filepath.Join(d.root, key[:2], key), nil
}

// makeFolder makes a folder below the root if it is missing, and its entry in the
// root durable, also when an earlier process made it and died before that.
func (d *Disk) makeFolder(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrExist) && d.durable[path] {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := syncFolder(d.root); err != nil {
		return err
	}
	d.durable[path] = true
	return nil
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // path is made from a checked key
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncFolder(path string) error {
	f, err := os.Open(path) //nolint:gosec // path is made from a checked key
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
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
