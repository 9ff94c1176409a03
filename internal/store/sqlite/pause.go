package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// A pause is the write lock, which a transaction holds, and a lock on a file that others see at
// once: they refuse to write instead of waiting for the write lock.

// pauseFile is next to the file that a link leads to.
func (e *engine) pauseFile() string {
	path := e.path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path + ".pause.lock"
}

const (
	// pauseNoticed is how long a pause is visible before it waits for the write lock. By then
	// servers have looked, and write no more.
	pauseNoticed = 600 * time.Millisecond
	// pausePatience is how long a pause waits for a long transaction.
	pausePatience = time.Minute
	// pauseMode lets servers of other users see a pause by root. The file is empty.
	pauseMode = 0o644
)

// BeginPause implements [store.Pauser].
func (e *engine) BeginPause(ctx context.Context) (_ *sql.Tx, end func() error, err error) {
	waiting, cancel := context.WithTimeout(ctx, pausePatience)
	defer cancel()
	lock := flock.New(e.pauseFile(), flock.SetPermissions(pauseMode))
	if _, err := lock.TryLockContext(waiting, 5*time.Millisecond); err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	_ = os.Chmod(lock.Path(), pauseMode) // the umask may have removed bits; a file that root left already has this mode
	end = sync.OnceValue(func() error { return errors.Join(os.Remove(lock.Path()), lock.Close()) })
	pause := time.NewTimer(pauseNoticed)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-waiting.Done():
			return nil, nil, errors.Join(waiting.Err(), end())
		}
		tx, err := e.pools.Writer.BeginTx(ctx, nil) // not waiting: that ends here
		if err == nil {
			return tx, end, nil
		}
		if !e.IsRetryable(err) {
			return nil, nil, errors.Join(err, end())
		}
		pause.Reset(5 * time.Millisecond)
	}
}

// IsPaused implements [store.Pauser].
func (e *engine) IsPaused(context.Context) (bool, error) {
	path := e.pauseFile()
	if !exists(path) {
		return false, nil
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	isFree, err := lock.TryRLock()
	if errors.Is(err, os.ErrNotExist) { // the pause has just ended
		return false, nil
	}
	return !isFree, errors.Join(err, lock.Close())
}
