package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// IsEmpty implements [Store].
func (d *Disk) IsEmpty(context.Context) (bool, error) {
	folder, err := os.Open(d.root)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, storageError(err)
	}
	defer folder.Close()                 //nolint:errcheck // only read
	names, err := folder.Readdirnames(3) // one more than those that do not count
	for _, name := range names {
		if name != lostAndFound && name != filepath.Base(d.checkFile()) {
			return false, nil
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err == nil, storageError(err)
}

// Check implements [Store] by writing and removing a file. The file is small, or as
// large as the last blob if that did not fit. If a blob could not be written, it tries
// the folder of that blob, too.
func (d *Disk) Check(context.Context) error {
	d.checkMu.Lock()
	defer d.checkMu.Unlock()
	data := make([]byte, max(checkBytes, d.lacking.Load()))
	err := os.WriteFile(d.checkFile(), data, 0o600)
	if err == nil {
		d.lacking.Store(0)
	}
	return errors.Join(storageError(err), remove(d.checkFile()), d.checkFailing())
}

// checkFailing tries to write where a blob could not be written.
func (d *Disk) checkFailing() error {
	key := d.failing.Load()
	if key == nil {
		return nil
	}
	path, err := d.path(*key)
	if err != nil {
		return err
	}
	if err = d.makeFolder(filepath.Dir(path)); err == nil {
		err = os.WriteFile(path+temporary, nil, 0o600)
	}
	if err != nil {
		return storageError(err)
	}
	d.failing.CompareAndSwap(key, nil)
	return remove(path + temporary)
}

// checkBytes is smaller than the block size of any disk.
const checkBytes = 64
