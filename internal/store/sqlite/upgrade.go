package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/durable"
)

// openPatience bounds how long opening a database waits for others that write to it.
const openPatience = 10 * time.Second

// BeginMigration takes the write lock. It also waits for processes that open the database
// for the first time, because SQLite's busy time-out does not cover the change to a
// write-ahead log.
func (e *engine) BeginMigration(ctx context.Context) (*sql.Tx, error) {
	waiting, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for {
		tx, err := e.pools.Writer.BeginTx(ctx, nil)
		if !e.IsRetryable(err) {
			return tx, err
		}
		select {
		case <-pause.C:
		case <-waiting.Done():
			return nil, cmp.Or(ctx.Err(), fmt.Errorf("another process holds the lock: %w", err))
		}
	}
}

// copiesKept is how many copies from before migrations are kept.
const copiesKept = 3

// CopyAside copies the database to a file beside it, named after the time:
// cardea.db.before-20261122T150405Z. It removes older copies than the last three.
func (e *engine) CopyAside(ctx context.Context) error {
	if err := removeUnfinished(e.path); err != nil {
		return err
	}
	target := e.path + ".before-" + time.Now().UTC().Format("20060102T150405Z")
	unfinished := target + ".tmp"
	// SQLite keeps the mode of an empty file.
	if err := createPrivate(unfinished); err != nil {
		return err
	}
	if err := e.Snapshot(ctx, unfinished); err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}
	if err := durable.Rename(unfinished, target); err != nil {
		return err
	}
	return removeOldCopies(e.path)
}

// removeUnfinished removes what upgrades that were interrupted left: unfinished copies with
// SQLite's files beside them. Only one process upgrades, because it holds the lock.
func removeUnfinished(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	for _, entry := range entries {
		name, isCopy := strings.CutPrefix(entry.Name(), filepath.Base(path)+".before-")
		if isCopy && strings.Contains(name, ".tmp") {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), entry.Name())))
		}
	}
	return err
}

func removeOldCopies(path string) error {
	folder, name := filepath.Dir(path), filepath.Base(path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var copies []string // in the order of their times, because ReadDir sorts by name
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), name+".before-") && !strings.Contains(entry.Name(), ".tmp") {
			copies = append(copies, filepath.Join(folder, entry.Name()))
		}
	}
	for _, old := range copies[:max(0, len(copies)-copiesKept)] {
		err = errors.Join(err, os.Remove(old))
	}
	return err
}
