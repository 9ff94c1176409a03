package operate

import (
	"context"
	"io"
	"time"

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

// WithTargetPatience is like opt, but gives up sooner on a target database that does not answer.
func WithTargetPatience(opt MoveOptions, patience time.Duration) MoveOptions {
	opt.targetPatience = patience
	return opt
}
