package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// contentType is the type of all objects. Cardea knows a picture's real type, and sends it to
// clients.
const contentType = "application/octet-stream"

// Put implements [blob.Store]. The server compares the data with its SHA-256, which the signature
// covers. If it supports conditional puts, it refuses to replace an object.
func (b *Bucket) Put(ctx context.Context, key string, data []byte) error {
	name, err := b.name(key)
	if err != nil {
		return err
	}
	err = b.call(ctx, opPut, func(ctx context.Context) error { return b.putNew(ctx, name, data) })
	switch {
	case err == nil:
		b.lacking.Store(0)
		b.noteWritten()
	case errors.Is(err, blob.ErrFull):
		b.lacking.Store(int64(len(data)))
	case isAnswer(err):
		err = refusedPut{err}
	case !errors.Is(err, ErrSetup):
		err = fmt.Errorf("%w: %w", blob.ErrUncertain, err)
	}
	return err
}

func isAnswer(err error) bool { _, ok := errors.AsType[answered](err); return ok }

// refusedPut says what the server answered. It is a [blob.ErrUncertain], because an earlier attempt
// of the same Put may have got no answer.
type refusedPut struct{ error }

func (r refusedPut) Unwrap() error { return r.error }

func (refusedPut) Is(target error) bool { return target == blob.ErrUncertain } //nolint:errorlint // what [errors.Is] looks for

// putNew stores an object that must not exist yet.
func (b *Bucket) putNew(ctx context.Context, name string, data []byte) error {
	for attempt := 1; ; attempt++ {
		isConditional := !b.isUnconditional.Load()
		err := b.put(ctx, name, data, isConditional)
		switch c := code(err); {
		case c == minio.PreconditionFailed:
			return b.wantSame(ctx, name, data)
		case c == minio.NotImplemented && isConditional:
			b.isUnconditional.Store(true)
		case c == "ConditionalRequestConflict" && attempt < attempts: // an earlier attempt is still running
			if err := pause(ctx); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// wantSame succeeds if an existing object has the same data: the answer to an earlier attempt was
// lost.
func (b *Bucket) wantSame(ctx context.Context, name string, data []byte) error {
	o, err := b.open(ctx, name)
	if err != nil {
		return err
	}
	defer o.Close() //nolint:errcheck // it was only read
	stored, err := io.ReadAll(io.LimitReader(o, int64(len(data))+1))
	if err == nil && !bytes.Equal(stored, data) {
		err = fmt.Errorf("the object %s exists already, with other data", name)
	}
	return err
}

func (b *Bucket) put(ctx context.Context, name string, data []byte, isNew bool) error {
	opt := minio.PutObjectOptions{ContentType: contentType, DisableContentSha256: true} // the SHA-256 of the parts: that of the whole is signed
	if isNew {
		opt.SetMatchETagExcept("*")
	}
	sum := sha256.Sum256(data)
	_, err := b.client.PutObject(ctx, b.at.Bucket, name, bytes.NewReader(data), int64(len(data)), "", hex.EncodeToString(sum[:]), opt)
	return err
}

// pause waits before another attempt, at most a quarter of a second.
func pause(ctx context.Context) error {
	var random [1]byte // keeps several servers from trying at the same moment
	_, _ = rand.Read(random[:])
	select {
	case <-time.After(time.Duration(random[0]) * time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
