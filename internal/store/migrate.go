package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/sqlite/*.sql
var migrationFiles embed.FS

// ErrNewer: the database was written by a later release of Cardea.
var ErrNewer = errors.New("the database was made by a newer release of Cardea: run that release, or restore an older backup")

// ErrOlder: the database was written by an earlier release of Cardea.
var ErrOlder = errors.New("the database was made by an older release of Cardea: start cardea serve once, which brings it up to date")

var errNoCardea = errors.New("it is empty, or not a database of Cardea")

// migration is one forward step, named NNNN_what.sql.
type migration struct {
	version  int
	name     string
	sql      string
	checksum string
}

// migrate brings the database up to date: what is missing is applied in one
// transaction that holds the write lock, so that two processes that start
// together do not both do it. A database with data is copied aside first.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	steps, err := readMigrations(migrationFiles, "migrations/sqlite")
	if err != nil {
		return err
	}
	if err := locked(ctx, db, makeMigrationsTable); err != nil {
		return err
	}
	applied, err := appliedMigrations(ctx, db)
	if err != nil {
		return err
	}
	missing, err := compare(steps, applied)
	if err != nil || len(missing) == 0 {
		return err
	}
	if len(applied) > 0 {
		if err := copyAside(ctx, db, path, time.Now()); err != nil {
			return err
		}
	}
	return locked(ctx, db, func(ctx context.Context, tx *sql.Tx) error { return applyMissing(ctx, tx, steps) })
}

// locked runs f in a transaction that holds the write lock.
func locked(ctx context.Context, db *sql.DB, f func(context.Context, *sql.Tx) error) error {
	tx, err := beginPatiently(ctx, db)
	if err != nil {
		return classify(err)
	}
	if err := f(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return classify(tx.Commit())
}

// checkMigrated tells whether all migrations, and no others, were applied.
func checkMigrated(ctx context.Context, db *sql.DB, _ string) error {
	steps, err := readMigrations(migrationFiles, "migrations/sqlite")
	if err != nil {
		return err
	}
	applied, err := appliedMigrations(ctx, db)
	if isSenseless(err) {
		return errNoCardea
	}
	if err != nil {
		return err
	}
	missing, err := compare(steps, applied)
	if err == nil && len(missing) > 0 {
		return ErrOlder
	}
	return err
}

// openPatience bounds how long opening a database waits for others that write to it.
const openPatience = 10 * time.Second

// beginPatiently waits for others that open the database for the first time as
// well: SQLite's change to a write-ahead log is not covered by its busy time-out.
func beginPatiently(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	waiting, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for {
		tx, err := db.BeginTx(ctx, nil)
		if !isBusy(err) {
			return tx, err
		}
		select {
		case <-pause.C:
		case <-waiting.Done():
			return nil, cmp.Or(ctx.Err(), fmt.Errorf("another process keeps it locked: %w", err))
		}
	}
}

func makeMigrationsTable(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations (
		version    INTEGER PRIMARY KEY,
		name       TEXT    NOT NULL,
		checksum   TEXT    NOT NULL,
		applied_at BIGINT  NOT NULL
	)`)
	return classify(err)
}

// applyMissing looks again what is missing, now that nobody else can change it.
func applyMissing(ctx context.Context, tx *sql.Tx, steps []migration) error {
	applied, err := appliedMigrations(ctx, tx)
	if err != nil {
		return err
	}
	missing, err := compare(steps, applied)
	if err != nil {
		return err
	}
	for _, step := range missing {
		if err := apply(ctx, tx, step); err != nil {
			return err
		}
	}
	return nil
}

// compare tells which steps were not applied yet. It fails if the database has
// others than those of this release.
func compare(steps []migration, applied map[int]string) (missing []migration, err error) {
	known := 0
	for _, step := range steps {
		sum, ok := applied[step.version]
		switch {
		case !ok:
			missing = append(missing, step)
		case sum != step.checksum:
			return nil, fmt.Errorf("migration %04d_%s differs from the one this database was made with", step.version, step.name)
		default:
			known++
		}
	}
	if known < len(applied) {
		return nil, ErrNewer
	}
	return missing, nil
}

func apply(ctx context.Context, tx *sql.Tx, step migration) error {
	if _, err := tx.ExecContext(ctx, step.sql); err != nil {
		return fmt.Errorf("migration %04d_%s: %w", step.version, step.name, classify(err))
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`,
		step.version, step.name, step.checksum, micros(time.Now()))
	return classify(err)
}

// appliedMigrations maps each version in the database to its checksum.
func appliedMigrations(ctx context.Context, q querier) (map[int]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT version, checksum FROM migrations`)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	applied := map[int]string{}
	for rows.Next() {
		var version int
		var sum string
		if err := rows.Scan(&version, &sum); err != nil {
			return nil, classify(err)
		}
		applied[version] = sum
	}
	return applied, classify(rows.Err())
}

// readMigrations lists the steps of a folder in their order, which is that of their names.
func readMigrations(files fs.FS, dir string) ([]migration, error) {
	names, err := fs.Glob(files, dir+"/*.sql")
	if err != nil {
		return nil, err
	}
	steps := make([]migration, 0, len(names))
	for _, path := range names {
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, err
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(path[len(dir)+1:], ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s: the name must begin with a number", path)
		}
		sum := sha256.Sum256(text)
		steps = append(steps, migration{version, name, string(text), hex.EncodeToString(sum[:])})
	}
	return steps, nil
}
