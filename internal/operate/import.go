package operate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// Import brings in the users of a source. It can be stopped at any moment and repeated.
func (d *Data) Import(ctx context.Context, source importer.Source, opt importer.Options) (importer.Summary, error) {
	summary, err := importer.New(d.db, d.pictures, d.opt.Now).Run(ctx, source, opt)
	return summary, inWords(err)
}

// TryImport does the same to a copy of the database, which is removed afterwards, so that it
// finds whatever an import would. Pictures are only looked for.
func (d *Data) TryImport(ctx context.Context, source importer.Source, opt importer.Options) (summary importer.Summary, err error) {
	folder, err := os.MkdirTemp("", ".cardea-import-")
	if err != nil {
		return importer.Summary{}, noTemporaryFolder(err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "cardea.db")
	if err := d.db.Snapshot(ctx, file); err != nil {
		return importer.Summary{}, fmt.Errorf("cannot copy the database: %w", inWords(err))
	}
	copied, err := sqlite.OpenExisting(ctx, file)
	if err != nil {
		return importer.Summary{}, inWords(err)
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	opt.CheckPictures = true
	summary, err = importer.New(copied, nil, d.opt.Now).Run(ctx, source, opt)
	return summary, inWords(err)
}
