package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// snapshot writes a copy of a database to a file of SQLite, which must not exist. It is of one
// moment, and writers do not wait for it. Backups of all engines have one format by it.
func snapshot(ctx context.Context, db *store.DB, file string, progress Progress) error {
	err := db.Snapshot(ctx, file) // the fast way
	if errors.Is(err, errors.ErrUnsupported) {
		err = copyToFile(ctx, db, file, progress)
	}
	if err != nil {
		return fmt.Errorf("cannot copy the database: %w", inWords(err))
	}
	return nil
}

// snapshot copies the database. From a server, it copies the rows into tables as Cardea creates them,
// and notes how the server's schema differs. A copy of a file has the file's schema, see [wantSound].
func (b *backup) snapshot(ctx context.Context) (err error) {
	if b.place.IsServer() {
		damages, harmless, err := b.db.QuickDamages(ctx)
		if err != nil {
			return err
		}
		b.Differences = slices.Concat(damages, harmless)
	}
	err = snapshot(ctx, b.db, b.copy, b.opt.Progress)
	if err != nil && len(b.Differences) > 0 {
		err = fmt.Errorf("the schema was changed: %s; cardea check lists all differences: %w", b.Differences[0], err)
	}
	return err
}

// copyToFile copies all rows, and reads them again to compare.
func copyToFile(ctx context.Context, db *store.DB, file string, progress Progress) (err error) {
	reading, err := db.BeginReading(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reading.Close()) }()
	to, err := sqlite.Open(ctx, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	_, err = copyRows(ctx, reading, to, progress)
	return err
}

// copyRows copies all rows to a database whose tables are empty, and compares what is there then.
func copyRows(ctx context.Context, from *store.Reading, to *store.DB, progress Progress) (store.Copied, error) {
	copied, err := from.CopyTo(ctx, to, func(rows int64) { progress.report("copying rows", rows, 0) })
	if err != nil {
		return copied, err
	}
	reading, err := to.BeginReading(ctx)
	if err != nil {
		return copied, err
	}
	there, err := reading.Digests(ctx, func(rows int64) { progress.report("comparing rows", rows, copied.Rows()) })
	if err == nil && store.Differing(copied.Digests, there) != "" {
		err = fmt.Errorf("the table %s does not read as it was written; the disk may be failing", store.Differing(copied.Digests, there))
	}
	return copied, errors.Join(err, reading.Close())
}
