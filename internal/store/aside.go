package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// copiesKept is how many copies of the database from before a migration stay
// beside it.
const copiesKept = 3

// copyAside copies a database that is about to be migrated, to a file beside it
// that is named after the time: cardea.db.before-20261122T150405Z. Older copies
// than the last three are removed.
func copyAside(ctx context.Context, db *sql.DB, path string, now time.Time) error {
	target := path + ".before-" + now.UTC().Format("20060102T150405Z")
	unfinished := target + ".tmp"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	// The mode of a file that is there already is kept.
	if err := createPrivate(unfinished); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, unfinished); err != nil {
		return fmt.Errorf("copy the database aside before the upgrade: %w", errors.Join(classify(err), os.Remove(unfinished)))
	}
	if err := syncFile(unfinished); err != nil {
		return err
	}
	if err := os.Rename(unfinished, target); err != nil {
		return err
	}
	return removeOldCopies(path)
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // a file that was just written
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func removeOldCopies(path string) error {
	folder, name := filepath.Dir(path), filepath.Base(path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var copies []string // in the order of their times, since ReadDir sorts by name
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), name+".before-") && !strings.HasSuffix(e.Name(), ".tmp") {
			copies = append(copies, filepath.Join(folder, e.Name()))
		}
	}
	for _, old := range copies[:max(0, len(copies)-copiesKept)] {
		err = errors.Join(err, os.Remove(old))
	}
	return err
}
