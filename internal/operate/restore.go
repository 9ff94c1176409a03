package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/durable"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// Restore makes a data folder from a backup. The folder must be missing or empty, except for a
// secret.key with the keys of the backup, and so must a schema on a server. Restore is all or nothing:
// the database gets its name, or loses its mark, last, and until then it is refused.
//
// Sessions in the backup stay valid. Mail that waited is dropped: a copy, such as one for tests, must
// not write to people. A damaged secret.key is left out, because the server would not start with it.
// Errors: [ErrExists], datadir.ErrInUse.
func Restore(ctx context.Context, place database.Place, file string, progress Progress) (Contents, error) {
	in, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return Contents{}, fmt.Errorf("cannot read the backup %s: %w", file, reason(err))
	}
	defer in.Close() //nolint:errcheck // it was only read
	info, err := in.Stat()
	if err != nil {
		return Contents{}, err
	}
	var c Contents
	switch mode := info.Mode(); {
	case mode.IsDir():
		return Contents{}, fmt.Errorf("%s is a folder; a backup is one tar file", file)
	case mode.IsRegular():
		c, err = restoreTo(ctx, place, in, progress)
	default: // such as a pipe, which cannot be read twice
		c, err = RestoreFrom(ctx, place, in, progress)
	}
	if errors.Is(err, archive.ErrCompressed) {
		return c, fmt.Errorf("%s is %w: gunzip -c %[1]s | cardea restore -", file, archive.ErrCompressed)
	}
	if errors.Is(err, archive.ErrInvalid) {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	return c, err
}

// RestoreFrom restores from a stream. It first writes the stream to a nameless file in
// the folder for temporary files (TMPDIR), because a backup is checked before it is used.
func RestoreFrom(ctx context.Context, place database.Place, r io.Reader, progress Progress) (c Contents, err error) {
	if err := wantUnused(ctx, place); err != nil { // before a long time of reading
		return Contents{}, err
	}
	spool, err := os.CreateTemp("", "cardea-restore-*.tar")
	if err != nil {
		return Contents{}, noTemporaryFolder(err)
	}
	_ = os.Remove(spool.Name()) // an open file needs no name
	defer func() { err = errors.Join(err, spool.Close()) }()
	progress.report("reading the backup", 0, 0)
	if _, err := io.Copy(spool, untilDone{ctx, r}); err != nil {
		return Contents{}, fmt.Errorf("cannot read the backup, or write it to the folder for temporary files, %s: %w", os.TempDir(), reason(err))
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return Contents{}, err
	}
	c, err = restoreTo(ctx, place, spool, progress)
	if errors.Is(err, archive.ErrCompressed) {
		err = fmt.Errorf("the backup is %w: gunzip | cardea restore -", archive.ErrCompressed)
	}
	return c, err
}

// untilDone reads until a context is done.
type untilDone struct {
	ctx context.Context //nolint:containedctx // of one copy
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// restoring is a restore in progress.
type restoring struct {
	place    database.Place
	dir      datadir.Dir // of place
	in       io.ReadSeeker
	progress Progress
	made     undo
	bucket   *storage.Filling // nil: the pictures are in a folder
	contents Contents
}

func restoreTo(ctx context.Context, place database.Place, in io.ReadSeeker, progress Progress) (c Contents, err error) {
	if err := wantUnused(ctx, place); err != nil {
		return Contents{}, err
	}
	dir := place.Dir
	r := &restoring{place: place, dir: dir, in: in, progress: progress}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.made.undo())
		}
	}()
	folders := []string{dir.Path, filepath.Dir(dir.Database)}
	if !storage.IsBucket(dir.Pictures) {
		folders = append(folders, dir.Pictures)
	}
	for _, folder := range folders {
		if err := r.made.folder(folder); err != nil {
			return Contents{}, fmt.Errorf("cannot make the folder %s: %w", folder, reason(err))
		}
	}
	if err := dir.MakePrivate(); err != nil {
		return Contents{}, err
	}
	if place.IsServer() {
		err = r.toServer(ctx)
	} else {
		err = r.toFile(ctx)
	}
	return r.contents, err
}

// toFile restores the database to a file, which gets its name last.
func (r *restoring) toFile(ctx context.Context) (err error) {
	isNew := wantMissing(r.dir.LockFile()) == nil
	lock, err := r.dir.Lock()
	if err != nil {
		return err
	}
	if isNew {
		r.made.madeFile(r.dir.LockFile())
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	staged := r.dir.Staged()
	if err := errors.Join(wantMissing(r.dir.Database), wantMissing(staged)); err != nil { // made before it was locked
		return err
	}
	if err := r.stage(ctx, staged); err != nil {
		return err
	}
	if err := finishStorage(ctx, r.bucket); err != nil {
		return err
	}
	r.made.file(r.dir.Database)
	if err := durable.Rename(staged, r.dir.Database); err != nil {
		return err
	}
	r.made.keep()
	return nil
}

// stage restores the pictures and secret.key, and the database to a file.
func (r *restoring) stage(ctx context.Context, staged string) error {
	files, err := r.storage(ctx)
	if err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		r.made.file(staged + suffix)
	}
	secret, err := r.database(ctx, staged)
	if err != nil {
		return err
	}
	r.made.file(r.dir.SecretFile())
	if r.contents.Secret, err = r.dir.RestoreSecret(secret); err != nil {
		return err
	}
	return r.pictures(ctx, staged, files)
}

// database writes the database of the backup and returns the text of secret.key, nil if
// there is none. On the way it learns that the backup matches its manifest.
func (r *restoring) database(ctx context.Context, staged string) (secret []byte, err error) {
	in, err := archive.NewReader(r.in)
	if err != nil {
		return nil, err
	}
	r.contents.Release, r.contents.CreatedAt = in.Info.Release, in.Info.CreatedAt
	r.progress.report("reading the database", 0, 0)
	for {
		entry, err := in.Next()
		if errors.Is(err, io.EOF) {
			return secret, nil
		}
		if err := errors.Join(ctx.Err(), err); err != nil {
			return nil, err
		}
		switch entry.Kind {
		case archive.KindSecretKey:
			secret, err = io.ReadAll(in) // as large as archive allows
		case archive.KindDatabase:
			err = copyTo(staged, in)
		case archive.KindInfo, archive.KindPicture:
		}
		if err != nil {
			return nil, err
		}
	}
}

// pictures checks the restored database and stores the files that it names: each once,
// and all.
func (r *restoring) pictures(ctx context.Context, staged string, files blob.Store) (err error) {
	if _, err := r.in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	differences, err := sqlite.SchemaDifferences(ctx, staged)
	if err == nil && len(differences) > 0 {
		err = fmt.Errorf("%w: in its database, %s", archive.ErrInvalid, strings.Join(differences, ", "))
	}
	if err != nil {
		return err
	}
	db, err := sqlite.Open(ctx, staged) // brings the database of an older release up to date
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r.progress.report("checking the database", 0, 0)
	if err := wantSound(ctx, db); err != nil {
		return err
	}
	if err := validate(ctx, db); err != nil {
		return err
	}
	if err := db.Tx(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.DeleteAllMail(ctx), tx.ReplaceLeftStorages(ctx, nil)) // the pictures are here now
	}); err != nil {
		return err
	}
	counts, err := db.Counts(ctx)
	if err != nil {
		return err
	}
	r.contents.set(counts)
	total, err := db.CountFiles(ctx)
	if err != nil {
		return err
	}
	return r.storePictures(ctx, db, files, total)
}

// copyTo writes a file that must not exist, readable by its owner only.
func copyTo(path string, r io.Reader) error {
	f, err := durable.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.CommitNew()
}

// wantUnused fails unless a backup may be restored to the folder, and to the bucket for pictures.
func wantUnused(ctx context.Context, place database.Place) error {
	err := place.RefuseUsed()
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %w", place.Database, ErrExists)
	}
	if err != nil {
		return err
	}
	return storage.RefuseUsed(ctx, place.Pictures, backupFor(place), datadir.ErrNotEmpty)
}

// wantMissing fails with [ErrExists] if there is a file.
func wantMissing(file string) error {
	_, err := os.Lstat(file)
	if err == nil {
		return fmt.Errorf("%s %w", file, ErrExists)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
