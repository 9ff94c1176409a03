package s3

import (
	"context"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// checkName is the object that [Bucket.Check] writes, below the prefix.
const checkName = "check.tmp"

// List implements [blob.Store]. It lists the names in pages of 1,000.
func (b *Bucket) List(ctx context.Context, f func(blob.Item) error) error {
	return b.each(ctx, ctx, 1000, func(path string) error { return f(blob.Item{Key: blob.KeyAt(path), Name: path}) })
}

// filledKept is how long a bucket is known not to be empty, unless a call fails in the meantime. Each
// list costs money, and anyone may ask whether the server is ready.
const filledKept = 10 * time.Second

// IsEmpty implements [blob.Store]. It lists one page of three names, because two names do not
// count, see each. If there were any, it lists again after filledKept. A missing bucket is an error.
func (b *Bucket) IsEmpty(ctx context.Context) (bool, error) {
	if at := b.filled.Load(); at != nil && time.Since(*at) < filledKept {
		return false, nil
	}
	isEmpty := true
	timed, cancel := context.WithTimeout(ctx, b.callTime)
	defer cancel()
	err := b.each(ctx, timed, 3, func(string) error { isEmpty = false; return errEnough })
	if err == errEnough { //nolint:errorlint // as f returned it
		err = nil
		now := time.Now() // a storage keeps real time, also in tests
		b.filled.Store(&now)
	}
	return isEmpty && err == nil, err
}

type enough struct{}

func (enough) Error() string { return "enough" }

// errEnough ends a list early.
var errEnough error = enough{}

// each calls f with the path of each object below the prefix. It skips the object that checks
// write, and the marker of the prefix's folder that consoles create. It returns an error of f
// unchanged. The context timed is the caller's, or one that ends earlier.
func (b *Bucket) each(ctx, timed context.Context, page int, f func(path string) error) (failure error) {
	timed, cancel := context.WithCancel(timed)
	defer cancel()
	opt := minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true, MaxKeys: page}
	err := b.watch(ctx, opList, func() error {
		for o := range b.client.ListObjectsIter(timed, b.at.Bucket, opt) {
			if o.Err != nil {
				return o.Err
			}
			if o.Key == b.prefix || o.Key == b.prefix+checkName {
				continue
			}
			if failure = f(b.relative(o.Key)); failure != nil {
				return nil
			}
		}
		return timed.Err()
	})
	if failure != nil {
		return failure
	}
	return err
}
