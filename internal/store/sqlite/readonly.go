package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/cardea-accounts/cardea/internal/store"
)

// A database on a read-only file system can be read as long as SQLite needs to make no
// files beside it (https://sqlite.org/wal.html#readonly):
//
//   - With the log and the log's index, a server may be running that reaches the same
//     file system by another way, or it was killed. SQLite reads all three files, and
//     takes locks that a server respects.
//   - Without a log, no process has the database open. SQLite reads the file alone. If a
//     server opens it meanwhile, what was read may be inconsistent; Close reports that.
//   - With the log but without its index, the latest changes cannot be read.

// onReadOnlyMedium reports whether the file system refuses to write to a file.
func onReadOnlyMedium(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the operator names the file
	if err == nil {
		_ = f.Close() // nothing was written
	}
	return errors.Is(err, syscall.EROFS)
}

func openReadOnly(ctx context.Context, path string) (*store.DB, error) {
	log, index := exists(path+"-wal"), exists(path+"-shm")
	if log && !index {
		return nil, fmt.Errorf("the latest changes to %s are in its -wal file, which cannot be read on a read-only file system: "+
			"copy the data folder to where it can be written, and name the copy", path)
	}
	unchanged, err := watchFile(path)
	if err != nil {
		return nil, err
	}
	dsn := readOnlyDSN(path, !log)
	e, err := newEngine(path, dsn, dsn)
	if err != nil {
		return nil, err
	}
	e.pools.ReadOnly = true
	if !log {
		e.unchanged = unchanged
	}
	return e.open(ctx, store.OpenExisting)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// watchFile returns a function that fails if a process has opened or changed a database
// file since.
func watchFile(path string) (unchanged func() error, err error) {
	before, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return func() error {
		after, err := os.Stat(path)
		if err == nil && (exists(path+"-wal") || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime())) {
			err = fmt.Errorf("a server that can write to %s opened it meanwhile, so what was read may be inconsistent: try again", path)
		}
		return err
	}, nil
}
