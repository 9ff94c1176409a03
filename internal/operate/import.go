package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// Import brings in the users of a source. It can be stopped at any moment and repeated.
// Error: [datadir.ErrImporting].
func (d *Data) Import(ctx context.Context, source importer.Source, opt importer.Options) (importer.Summary, error) {
	return d.alone(ctx, func(im *importer.Importer) (importer.Summary, error) { return im.Run(ctx, source, opt) })
}

// alone calls f while no other import runs: each would take the other's users for gone.
func (d *Data) alone(ctx context.Context, f func(*importer.Importer) (importer.Summary, error)) (summary importer.Summary, err error) {
	lock, err := d.place.LockImport(ctx)
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	summary, err = f(importer.New(d.db, d.pictures, d.opt.Now))
	return summary, inWords(err)
}

// TryImport does the same to a copy of the database, which is removed afterwards, so that it
// finds whatever an import would. Pictures are only looked for.
func (d *Data) TryImport(ctx context.Context, source importer.Source, opt importer.Options) (summary importer.Summary, err error) {
	opt.CheckPictures = true
	err = d.onCopy(ctx, func(copied *store.DB) (err error) {
		summary, err = importer.New(copied, nil, d.opt.Now).Run(ctx, source, opt)
		return err
	})
	return summary, err
}

// TakeIn brings back what [Data.Export] has written. It can be stopped and repeated.
// Error: [datadir.ErrImporting].
func (d *Data) TakeIn(ctx context.Context, export io.ReaderAt, size int64, opt importer.Options) (importer.Summary, error) {
	return d.alone(ctx, func(im *importer.Importer) (importer.Summary, error) { return im.TakeIn(ctx, export, size, opt) })
}

// TryTakeIn does the same to a copy of the database, which is removed afterwards.
func (d *Data) TryTakeIn(ctx context.Context, export io.ReaderAt, size int64, opt importer.Options) (summary importer.Summary, err error) {
	opt.CheckPictures = true
	err = d.onCopy(ctx, func(copied *store.DB) (err error) {
		summary, err = importer.New(copied, nil, d.opt.Now).TakeIn(ctx, export, size, opt)
		return err
	})
	return summary, err
}

// onCopy calls f with a copy of the database, which is removed afterwards.
func (d *Data) onCopy(ctx context.Context, f func(*store.DB) error) (err error) {
	folder, remove, err := datadir.Scratch(d.dir.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	defer func() {
		if errors.Is(err, store.ErrFull) {
			err = fmt.Errorf("no space is left in %s, which holds a copy of the database during the trial; make room there", filepath.Dir(folder))
		}
	}()
	file := filepath.Join(folder, "cardea.db")
	if err := snapshot(ctx, d.db, file, nil); err != nil {
		return err
	}
	copied, err := sqlite.OpenExisting(ctx, file)
	if err != nil {
		return inWords(err)
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	return inWords(f(copied))
}
