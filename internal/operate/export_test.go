package operate

import (
	"context"
	"io"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// UseStorage puts another picture storage in place of the folder.
func (d *Data) UseStorage(storage blob.Store) {
	d.storage = storage
	d.assemble(nil)
}

// BackupAndVerify writes a backup as [Data.Backup] does, to a file of the test.
func (d *Data) BackupAndVerify(ctx context.Context, w io.ReadWriteSeeker, folder string, opt BackupOptions) (Contents, error) {
	return d.backup(ctx, w, folder, opt)
}
