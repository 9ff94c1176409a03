package operate

import (
	"context"
	"io"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/storage"
)

// UseStorage puts another picture storage in place of the folder.
func (d *Data) UseStorage(files blob.Store) {
	d.storage = files
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

// SetPatience makes backups and checks give up sooner on a storage that does not answer.
func (d *Data) SetPatience(patience time.Duration) { d.patience = patience }

// Workers is how many pictures are read or written at a time.
const Workers = workers

// InOrder calls work for several items at a time, and use in their order.
func InOrder(ctx context.Context, list func(add func(int) error) error, work func(context.Context, int) (int, error), use func(int) error) error {
	return inOrder(ctx, list, work, use)
}

// RemoveOthers removes the files of a target that the final list of pictures does not have, see
// [movedFiles].
func RemoveOthers(ctx context.Context, to *storage.Filling, copied map[string]bool) (left int64, err error) {
	return (&movedFiles{to: to, known: copied}).removeOthers(ctx)
}
