// Package durable writes files that must survive a power cut.
//
// A file gets its data under a temporary name in the same folder. The file is synced,
// renamed, and the folder is synced. After a crash the file has its old content or its
// new content, never a part of either.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Suffix is the end of every temporary name. A crash can leave such a file behind.
const Suffix = ".tmp"

// WriteFile writes a file, or replaces it. The temporary name is path + [Suffix], so the
// next write replaces what a crash left behind. Two writers of one path must take turns.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	f, err := os.OpenFile(path+Suffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm) //nolint:gosec // the caller chooses the path
	if err != nil {
		return err
	}
	file := &File{f, path}
	if _, err := file.Write(data); err != nil {
		return errors.Join(err, file.Discard())
	}
	return file.Commit()
}

// WriteNew writes a file as [WriteFile] does, but fails with [fs.ErrExist] if there is
// something at path, even a dangling link. Callers hold a lock: a file that appears
// during the call is replaced.
func WriteNew(path string, data []byte, perm fs.FileMode) error {
	if err := missing(path); err != nil {
		return err
	}
	return WriteFile(path, data, perm)
}

func missing(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// File is a file that is being written. It appears at its path with [File.Commit] or
// [File.CommitNew]; [File.Discard] removes it.
type File struct {
	*os.File
	path string
}

// Create starts a file that only its owner may read. Use it for data that is too large
// for memory, or that must be verified before it appears. The temporary name is unique.
func Create(path string) (*File, error) { return CreateIn(filepath.Dir(path), path) }

// CreateIn is [Create] with the temporary name in another folder, on the same file system.
func CreateIn(folder, path string) (*File, error) {
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+"-*"+Suffix)
	if err != nil {
		return nil, err
	}
	return &File{f, path}, nil
}

// Commit makes the data durable and gives the file its name. It replaces a file of that
// name. After an error, the temporary file is gone.
func (f *File) Commit() error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncFolder(filepath.Dir(f.path))
}

// CommitNew is [File.Commit], but fails with [fs.ErrExist] if there is something at the
// path by now.
func (f *File) CommitNew() error {
	if err := missing(f.path); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}

// Discard removes the temporary file.
func (f *File) Discard() error { return errors.Join(f.Close(), os.Remove(f.Name())) }

// Rename syncs a file that something else has written, such as SQLite, and renames it
// durably. It replaces a file of the new name. Both names must be in one folder.
func Rename(from, to string) error {
	if filepath.Dir(from) != filepath.Dir(to) {
		return fmt.Errorf("durable: %s and %s are in different folders", from, to)
	}
	f, err := os.OpenFile(from, os.O_RDWR, 0) //nolint:gosec // the caller chooses the path
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(to))
}

// SyncFolder makes the names in a folder durable: files that were created, renamed or removed.
func SyncFolder(path string) error {
	f, err := os.Open(path) //nolint:gosec // the caller chooses the path
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// MkdirAll creates a folder for its owner only, and the missing folders above it. All of
// them survive a power cut.
func MkdirAll(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		if info, statErr := os.Stat(path); statErr == nil && info.IsDir() { // another process was faster
			return nil
		}
		return err
	}
	err := SyncFolder(parent)
	if errors.Is(err, fs.ErrPermission) { // it may be written, but not read
		return nil
	}
	return err
}
