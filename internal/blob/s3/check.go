package s3

import (
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// checkKept is how long a successful write proves that the storage can be written to, unless a call
// fails in the meantime. Readiness checks come every few seconds, and each write costs money.
const checkKept = time.Minute

// checkBytes is the usual size of the object that a check writes.
const checkBytes = 64

// Check implements [blob.Store]. It writes and removes an object, at most once a minute while no
// call fails. The object is small, or as large as the last blob that did not fit.
func (b *Bucket) Check(ctx context.Context) error {
	select { // concurrent checks write once
	case b.checking <- struct{}{}:
		defer func() { <-b.checking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if at := b.written.Load(); at != nil && time.Since(*at) < checkKept {
		return nil
	}
	name := b.prefix + checkName
	err := b.call(ctx, opCheck, func(ctx context.Context) error {
		err := b.put(ctx, name, make([]byte, max(checkBytes, b.lacking.Load())), false)
		return errors.Join(err, b.remove(ctx, name))
	})
	if err == nil {
		b.lacking.Store(0)
		b.noteWritten()
	}
	return err
}

func (b *Bucket) noteWritten() {
	now := time.Now() // a storage keeps real time, also in tests
	b.written.Store(&now)
}

// noteFailure makes the next look whether the bucket is empty list, and the next check write. If the
// call only found no object, it says nothing about writes.
func (b *Bucket) noteFailure(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	b.filled.Store(nil)
	if !errors.Is(err, blob.ErrNotFound) {
		b.written.Store(nil)
	}
}
