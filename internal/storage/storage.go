// Package storage opens the picture storage that the setting storage names: a folder, or a
// bucket such as s3://bucket/prefix. While pictures are moved or restored to it, it has a mark
// ([Fill]). A database records which storages its pictures have left ([Leave]).
package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/blob/s3"
	"github.com/cardea-accounts/cardea/internal/store"
)

// IsBucket reports whether a storage is a bucket, not a folder.
func IsBucket(place string) bool { return s3.IsAddress(place) }

// Check fails if a setting names neither a folder nor a bucket. The error says in one line
// what is allowed.
func Check(place string) error {
	if !strings.Contains(place, "://") {
		return nil
	}
	if !IsBucket(place) {
		return errors.New("the path of a folder, or the address of a bucket, such as s3://bucket/prefix?region=eu-central-1")
	}
	_, err := s3.Parse(place)
	return err
}

// Name returns a storage as messages show it: without the parameters of an address.
func Name(place string) string {
	if at, err := s3.Parse(place); err == nil {
		return at.String()
	}
	return place
}

// Unopened returns the storage without looking at it and without writing to it.
func Unopened(place string) (blob.Store, error) {
	if !IsBucket(place) {
		return blob.OpenDisk(place), nil
	}
	at, err := s3.Parse(place)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return s3.New(at)
}

// Open opens the storage of a database.
//
// It creates a missing folder, unless the database names pictures in it. A bucket must exist and
// the credentials must be right, see [s3.ErrSetup]. If its server cannot be reached at the moment,
// Open succeeds and logs a warning, because users can sign in without their pictures. Then nobody
// sees the mark of [Fill]. If a database moves with its pictures, its own mark still keeps servers
// away. Errors: [ErrFilling], [ErrLeft].
func Open(ctx context.Context, db *store.DB, place string, log *slog.Logger) (blob.Store, error) {
	if err := refuseLeft(ctx, db, place); err != nil {
		return nil, err
	}
	if IsBucket(place) {
		return openBucket(ctx, place, log)
	}
	if _, err := os.Stat(place); errors.Is(err, fs.ErrNotExist) {
		if rows, err := db.PicturesAfter(ctx, "", 1); err != nil || len(rows) > 0 {
			return blob.OpenDisk(place), nil //nolint:nilerr // a damaged database is reported elsewhere
		}
	}
	disk, err := blob.NewDisk(place)
	if err != nil {
		return nil, fmt.Errorf("storage: cannot use the folder %s: %w", place, reason(err))
	}
	if err := refuseFilling(ctx, disk, place); err != nil {
		return nil, err
	}
	return disk, nil
}

// probeTime limits the check of a bucket, so commands work while its server stalls.
const probeTime = 5 * time.Second

func openBucket(ctx context.Context, place string, log *slog.Logger) (blob.Store, error) {
	bucket, err := Unopened(place)
	if err != nil {
		return nil, err
	}
	timed, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	_, err = bucket.IsEmpty(timed)
	if err = storageError(err); err == nil {
		err = refuseFilling(timed, bucket, place)
	}
	switch {
	case errors.Is(err, s3.ErrSetup), errors.Is(err, ErrFilling):
		return nil, err
	case err != nil:
		log.WarnContext(ctx, "the picture storage cannot be reached; pictures are unavailable until it can", "storage", Name(place), "error", err)
	}
	return bucket, nil
}

// HasBlobs reports whether a storage holds any picture. It fails if a bucket cannot be listed.
func HasBlobs(ctx context.Context, place string) (bool, error) {
	files, err := Unopened(place)
	if err != nil {
		return false, err
	}
	if has, err := blob.HasBlobs(ctx, files); has || err != nil {
		return has, storageError(err)
	}
	return false, nil
}

// RefuseUsed fails with the given error unless a bucket is empty, or an earlier [Fill] from the same
// source was cut off. Folders are checked elsewhere.
func RefuseUsed(ctx context.Context, place, from string, used error) error {
	if !IsBucket(place) {
		return nil
	}
	files, err := Unopened(place)
	if err != nil {
		return err
	}
	isEmpty, err := files.IsEmpty(ctx)
	if err != nil || isEmpty {
		return storageError(err)
	}
	mark, err := readText(ctx, files, markKey)
	switch {
	case err == nil && mark == "":
		return fmt.Errorf("%s %w: a backup is restored to an empty prefix; nothing was changed", Name(place), used)
	case err == nil && mark != from:
		return refuseMark(place, mark)
	}
	return storageError(err)
}

// SignerOf returns the signer of a storage to which clients are redirected; nil for others.
func SignerOf(files blob.Store) blob.Signer {
	if bucket, ok := files.(*s3.Bucket); ok && bucket.Redirects() {
		return bucket
	}
	return nil
}

// OriginOf returns the origin to which clients are redirected for pictures; empty if they are not.
func OriginOf(place string) string {
	if at, err := s3.Parse(place); err == nil && at.Redirects {
		return at.Origin()
	}
	return ""
}

func storageError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("storage: %w", err)
}

// reason returns the operating system's error without the call and the path.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
