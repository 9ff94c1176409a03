package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// A database on a read-only file system can be read, where SQLite can do without
// making files beside it (https://sqlite.org/wal.html#readonly):
//
//   - While its log and the log's index lie there, a server may be running, which
//     writes by another way to the same file system, or was killed. SQLite reads all
//     three, with the locks that a server heeds.
//   - Without a log, nobody has it open. SQLite then reads the file alone; should
//     somebody open it meanwhile and change the file, what was read may not fit
//     together, which is found out in the end.
//   - With a log and no index, what was written last cannot be read.

// onReadOnlyMedium tells whether the file system refuses to write to a file.
func onReadOnlyMedium(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the operator names the file
	if err == nil {
		_ = f.Close() // nothing was written
	}
	return errors.Is(err, syscall.EROFS)
}

func openReadOnly(ctx context.Context, path string) (*DB, error) {
	log, index := exists(path+"-wal"), exists(path+"-shm")
	if log && !index {
		return nil, fmt.Errorf("what was written last to %s lies in its -wal file, which cannot be read on a read-only file system: "+
			"copy the data folder to where it can be written, and name the copy", path)
	}
	unchanged, err := watchFile(path)
	if err != nil {
		return nil, err
	}
	dsn := readOnlyDSN(path, !log)
	db, err := open(ctx, path, dsn, dsn, checkMigrated)
	if err != nil {
		return nil, err
	}
	db.readOnly = true
	if !log {
		db.unchanged = unchanged
	}
	return db, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// watchFile returns what fails if a database file was changed, or opened for it, since.
func watchFile(path string) (unchanged func() error, err error) {
	before, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return func() error {
		after, err := os.Stat(path)
		if err == nil && (exists(path+"-wal") || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime())) {
			err = fmt.Errorf("%s was opened by a server meanwhile, which can write to it, so what was read may not fit together: try again", path)
		}
		return err
	}, nil
}

// ReadOnly tells whether the database is on a read-only file system.
func (db *DB) ReadOnly() bool { return db.readOnly }
