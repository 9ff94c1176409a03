// Package blob keeps the bytes of pictures: under keys that the caller makes,
// written once and never changed. [Disk] keeps them in a folder; other storages
// fit behind [Store].
package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

var (
	// ErrNotFound: nothing is stored under the key.
	ErrNotFound = errors.New("blob: not found")
	// ErrFull: the storage has no space left.
	ErrFull = errors.New("blob: no space left in the picture storage")
	// ErrKey: the key is not of the form that [Store] asks for.
	ErrKey = errors.New("blob: not a valid key")
)

// Store keeps blobs. A key is 4 to 64 of the characters a–z and 0–9. All methods
// may be called from any goroutine. Errors other than those of this package mean
// that the storage cannot be reached or used at the moment.
type Store interface {
	// Put stores data under a key that was never used. When it returns nil the
	// data is durable; otherwise, something may be left that Delete removes.
	Put(ctx context.Context, key string, data []byte) error
	// Open returns a blob for reading, or ErrNotFound.
	Open(ctx context.Context, key string) (Blob, error)
	// Delete removes a blob and what a failed Put left of it; it is no error if
	// there is nothing.
	Delete(ctx context.Context, key string) error
	// List calls f with everything that lies in the storage, in any order. What is
	// put or deleted meanwhile may be listed or not. It ends with f's first error.
	List(ctx context.Context, f func(Item) error) error
	// ModTime is when a blob was stored, or what a failed Put left of it: ErrNotFound
	// if there is nothing.
	ModTime(ctx context.Context, key string) (time.Time, error)
	// Check tells whether the storage can be written to.
	Check(ctx context.Context) error
}

// Item is something that lies in a storage.
type Item struct {
	Key  string // of a blob, or of what a failed Put left of it; empty: the name is not one that Put gives
	Name string // where it lies, for people
	Err  error  // why what lies below this name cannot be listed
}

// Blob is an open blob.
type Blob interface {
	io.ReadSeekCloser
	// Size in bytes.
	Size() int64
	// ModTime is when it was stored.
	ModTime() time.Time
}

func validKey(key string) bool {
	if len(key) < 4 || len(key) > 64 {
		return false
	}
	for _, c := range []byte(key) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
