package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// files are the database and its log as this process has them open. It must not open them
// a second time: closing a file drops all locks that SQLite holds on it
// (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
type files struct {
	mu    sync.Mutex
	known map[string]fs.FileInfo // by path
}

// LookForTables implements [store.Engine]. A file without its tables is damaged.
func (*engine) LookForTables() error { return nil }

// Gone implements [store.Engine]. What is written to a removed file is lost at the end of
// the process. The log has its file from the first use of the database until its last
// connection is closed.
func (e *engine) Gone() error {
	e.files.mu.Lock()
	defer e.files.mu.Unlock()
	if e.files.known == nil {
		e.files.known = map[string]fs.FileInfo{}
	}
	for _, path := range []string{e.path, e.path + "-wal"} {
		now, err := os.Stat(path)
		before := e.files.known[path]
		switch {
		case before == nil && err == nil:
			e.files.known[path] = now
		case before == nil: // read-only databases have no log
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s was removed while it was open; stop the server and restore a backup", path)
		case err != nil:
			return err
		case !os.SameFile(before, now):
			return fmt.Errorf("%s was replaced while it was open; restart the server", path)
		}
	}
	return nil
}
