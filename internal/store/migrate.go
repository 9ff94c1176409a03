package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrNewer: the database was written by a later release of Cardea.
	ErrNewer = errors.New("the database was made by a newer release of Cardea: run that release, or restore an older backup")
	// ErrOlder: the database was written by an earlier release of Cardea.
	ErrOlder = errors.New("the database was made by an older release of Cardea: start cardea serve once, which brings it up to date")

	// ErrNoCardea: the database has no tables of Cardea.
	ErrNoCardea = errors.New("it is empty, or not a database of Cardea")
)

// Migration is one forward step, from a file NNNN_name.sql.
type Migration struct {
	version  int
	name     string
	sql      string
	checksum string
}

func (m Migration) String() string { return fmt.Sprintf("migration %04d_%s", m.version, m.name) }

// migrate brings the database up to date. Missing steps are applied in one transaction,
// all or none, even in a new database. A database with data is copied aside first.
func migrate(ctx context.Context, engine Engine) error {
	steps, err := readMigrations(engine.Migrations())
	if err != nil {
		return err
	}
	var applied, missing []Migration
	err = inMigration(ctx, engine, func(tx *sql.Tx) (err error) {
		if err = makeMigrationsTable(ctx, engine, tx); err == nil {
			applied, missing, err = compare(ctx, engine, tx, steps)
		}
		if err == nil && len(applied) == 0 { // there is no data to copy aside
			err = applyMissing(ctx, engine, tx, steps)
		}
		return err
	})
	if err != nil || len(applied) == 0 || len(missing) == 0 {
		return err
	}
	if err := engine.CopyAside(ctx); err != nil {
		return fmt.Errorf("copy the database aside before the upgrade: %w", classify(engine, err))
	}
	return inMigration(ctx, engine, func(tx *sql.Tx) error { return applyMissing(ctx, engine, tx, steps) })
}

// inMigration runs f in a transaction that holds the lock on the schema.
func inMigration(ctx context.Context, engine Engine, f func(*sql.Tx) error) error {
	tx, err := engine.BeginMigration(ctx)
	if err != nil {
		return classify(engine, err)
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // err says why the connection may be broken
		return err
	}
	return classify(engine, tx.Commit())
}

// checkMigrated fails unless all migrations, and no others, were applied.
func checkMigrated(ctx context.Context, engine Engine, db *sql.DB) error {
	steps, err := readMigrations(engine.Migrations())
	if err != nil {
		return err
	}
	_, missing, err := compare(ctx, engine, db, steps)
	if err == nil && len(missing) > 0 {
		return ErrOlder
	}
	return err
}

// AppliedMigrations returns the migrations of engine that a database says were
// applied to it. Error: [ErrNewer].
func AppliedMigrations(ctx context.Context, engine Engine, db *sql.DB) ([]Migration, error) {
	steps, err := readMigrations(engine.Migrations())
	if err != nil {
		return nil, err
	}
	applied, _, err := compare(ctx, engine, db, steps)
	return applied, err
}

// ApplyMigrations applies migrations to an empty database.
func ApplyMigrations(ctx context.Context, engine Engine, tx *sql.Tx, steps []Migration) error {
	if err := makeMigrationsTable(ctx, engine, tx); err != nil {
		return err
	}
	return applyMissing(ctx, engine, tx, steps)
}

func makeMigrationsTable(ctx context.Context, engine Engine, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations (
		version    INTEGER PRIMARY KEY,
		name       TEXT    NOT NULL,
		checksum   TEXT    NOT NULL,
		applied_at BIGINT  NOT NULL
	)`)
	return classify(engine, err)
}

// applyMissing compares again, because another process may have migrated before this
// one got the lock.
func applyMissing(ctx context.Context, engine Engine, tx *sql.Tx, steps []Migration) error {
	_, missing, err := compare(ctx, engine, tx, steps)
	if err != nil {
		return err
	}
	for _, step := range missing {
		if _, err := tx.ExecContext(ctx, step.sql); err != nil {
			return fmt.Errorf("%v: %w", step, classify(engine, err))
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`,
			step.version, step.name, step.checksum, micros(time.Now()))
		if err != nil {
			return fmt.Errorf("%v: %w", step, classify(engine, err))
		}
	}
	return nil
}

// compare splits steps into those that were applied to a database and those that were
// not. It fails if the database has steps that this release does not know.
func compare(ctx context.Context, engine Engine, q querier, steps []Migration) (applied, missing []Migration, err error) {
	checksums, err := appliedChecksums(ctx, engine, q)
	if err != nil {
		return nil, nil, err
	}
	for _, step := range steps {
		sum, ok := checksums[step.version]
		switch {
		case !ok:
			missing = append(missing, step)
		case sum != step.checksum:
			return nil, nil, fmt.Errorf("%v is not the one that this database was made with", step)
		default:
			applied = append(applied, step)
		}
	}
	if len(applied) < len(checksums) {
		return nil, nil, ErrNewer
	}
	return applied, missing, nil
}

// appliedChecksums maps each version in the database to its checksum.
func appliedChecksums(ctx context.Context, engine Engine, q querier) (map[int]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT version, checksum FROM migrations`)
	if engine.IsSchemaError(err) {
		return nil, ErrNoCardea
	}
	if err != nil {
		return nil, classify(engine, err)
	}
	defer rows.Close()
	checksums := map[int]string{}
	for rows.Next() {
		var version int
		var sum string
		if err := rows.Scan(&version, &sum); err != nil {
			return nil, classify(engine, err)
		}
		checksums[version] = sum
	}
	return checksums, classify(engine, rows.Err())
}

// readMigrations returns the steps of a folder in the order of their names.
func readMigrations(files fs.FS) ([]Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	steps := make([]Migration, 0, len(names))
	for _, file := range names {
		text, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, err
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(file, ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s: the name must begin with a number", file)
		}
		sum := sha256.Sum256(text)
		steps = append(steps, Migration{version, name, string(text), hex.EncodeToString(sum[:])})
	}
	return steps, nil
}
