// Package blob stores the bytes of pictures under keys. A blob is written once
// and never changed.
//
// The rest of Cardea uses the interface [Store]. [Disk] implements it with files
// in a folder, the package s3 with objects of a bucket. The tests in store_test.go
// describe what every Store guarantees.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

var (
	// ErrNotFound means that nothing is stored under the key.
	ErrNotFound = errors.New("blob: not found")
	// ErrFull means that the storage has no space left.
	ErrFull = errors.New("blob: no space left in the picture storage")
	// ErrKey means that the key is malformed. See [Store] for its form.
	ErrKey = errors.New("blob: invalid key")
	// ErrUncertain means that a Put failed without an answer, so the data may still be
	// stored later. Delete it after a while, not at once.
	ErrUncertain = errors.New("blob: the storage did not answer, and may store the data later")
)

// Store keeps blobs. A key has 4 to 64 characters of a–z and 0–9. All methods are
// safe for concurrent use. Errors other than those of this package mean that the
// storage is unavailable at the moment.
type Store interface {
	// Put stores data under a key that was never used before. The data is durable
	// when Put returns nil. After an error, Delete removes any partial data. Errors:
	// ErrFull, ErrUncertain.
	Put(ctx context.Context, key string, data []byte) error
	// Open opens a blob for reading. The blob can be read until ctx ends. Error:
	// ErrNotFound.
	Open(ctx context.Context, key string) (Blob, error)
	// Delete removes a blob and the partial data of a failed Put. Deleting a
	// missing blob is no error.
	Delete(ctx context.Context, key string) error
	// List calls f for every item in the storage, in any order, until f returns an
	// error, which List returns. Blobs stored or deleted during the call may or may
	// not be listed.
	List(ctx context.Context, f func(Item) error) error
	// ModTime returns when a blob, or the partial data of a failed Put, was
	// stored. Error: ErrNotFound.
	ModTime(ctx context.Context, key string) (time.Time, error)
	// IsEmpty reports whether the storage holds nothing at all, or is missing. A bucket may have
	// become empty in the last ten seconds.
	IsEmpty(ctx context.Context) (bool, error)
	// Check returns nil if the storage can be written to.
	Check(ctx context.Context) error
}

// Signer is a [Store] whose blobs clients can read by themselves.
type Signer interface {
	// Sign returns an address from which a blob can be read until it expires. It does not
	// look whether the blob exists.
	Sign(ctx context.Context, key string, as Served) (string, error)
}

// Served says how the storage serves a blob at a signed address.
type Served struct {
	ContentType string
	Filename    string        // of safe characters; empty: none
	CacheFor    time.Duration // how long clients may keep it
}

// Item is an entry that [Store.List] found.
type Item struct {
	Key  string // of a blob or of partial data; empty for a foreign file
	Name string // the place in the storage, to show to operators
	Err  error  // set if the content of the folder Name cannot be listed
}

// Blob is a blob opened for reading.
type Blob interface {
	io.ReadSeekCloser
	// Size returns the size in bytes.
	Size() int64
	// ModTime returns when the blob was stored.
	ModTime() time.Time
}

// Path is where a blob lies in its storage: the key "k3v9…" is k3/k3v9…. All storages have
// the same paths, so other programs can copy one to another. Error: ErrKey.
func Path(key string) (string, error) {
	if !isValidKey(key) {
		return "", fmt.Errorf("%w: %q", ErrKey, key)
	}
	return key[:2] + "/" + key, nil
}

// KeyAt returns the key of the blob that lies at a path; empty if none does.
func KeyAt(path string) string {
	folder, key, _ := strings.Cut(path, "/")
	if !isValidKey(key) || key[:2] != folder {
		return ""
	}
	return key
}

// HasBlobs reports whether a storage holds any blob. Folders that cannot be listed do not count.
func HasBlobs(ctx context.Context, s Store) (bool, error) {
	found := errors.New("found")
	err := s.List(ctx, func(i Item) error {
		if i.Key != "" {
			return found
		}
		return nil
	})
	if errors.Is(err, found) {
		return true, nil
	}
	return false, err
}

func isValidKey(key string) bool {
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
