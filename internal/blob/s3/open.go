package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// headSize is how much of an object its first request reads. That is all of most crops. The rest is
// requested when it is needed, from the offset where it is needed, so a range does not load the
// whole object.
const headSize = 64 << 10

// object is an open object.
type object struct {
	bucket  *Bucket
	ctx     context.Context //nolint:containedctx // of the request that reads it
	name    string
	etag    string
	size    int64
	modTime time.Time
	head    []byte

	offset int64         // of the next read
	rest   io.ReadCloser // the object from offset on; nil: not requested yet
}

// Open implements [blob.Store].
func (b *Bucket) Open(ctx context.Context, key string) (blob.Blob, error) {
	name, err := b.name(key)
	if err != nil {
		return nil, err
	}
	var o *object
	err = b.call(ctx, opOpen, func(timed context.Context) (err error) { o, err = b.open(timed, name); return err })
	if err != nil {
		return nil, named(err, name)
	}
	o.ctx = ctx
	return o, nil
}

// ModTime implements [blob.Store].
func (b *Bucket) ModTime(ctx context.Context, key string) (at time.Time, err error) {
	name, err := b.name(key)
	if err != nil {
		return at, err
	}
	err = b.call(ctx, opTime, func(ctx context.Context) error {
		o, err := b.openHead(ctx, name, 1)
		if err == nil {
			at = o.modTime
		}
		return err
	})
	return at, named(err, name)
}

// named adds the name of an object to the error that it is missing. Not all servers send it.
func named(err error, name string) error {
	if errors.Is(err, blob.ErrNotFound) {
		return fmt.Errorf("%w: %s", blob.ErrNotFound, name)
	}
	return err
}

// open opens an object, and tries again if its body is cut short.
func (b *Bucket) open(ctx context.Context, name string) (*object, error) {
	for attempt := 1; ; attempt++ {
		o, err := b.openHead(ctx, name, headSize)
		if !errors.Is(err, errBody) || attempt == attempts || ctx.Err() != nil {
			return o, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// errBody means that the body of an answer ended too early.
var errBody = errors.New("the answer ended before the object did")

// openHead opens an object and reads its first bytes. It is a GET, because the answer to a HEAD
// does not tell a missing object from a missing bucket.
func (b *Bucket) openHead(ctx context.Context, name string, most int64) (*object, error) {
	body, info, header, err := b.get(ctx, name, 0, most-1)
	if code(err) == minio.InvalidRange || minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable { // it is empty
		info, err = b.client.StatObject(ctx, b.at.Bucket, name, minio.StatObjectOptions{})
		return &object{bucket: b, name: name, ctx: ctx, size: info.Size, etag: info.ETag, modTime: info.LastModified}, err
	}
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // it was only read
	o := &object{bucket: b, name: name, ctx: ctx, size: info.Size, etag: info.ETag, modTime: info.LastModified}
	if part := header.Get("Content-Range"); part != "" {
		if o.size, err = totalSize(part); err != nil {
			return nil, err
		}
	}
	if o.size < 0 {
		return nil, fmt.Errorf("%s does not report the size of %s", b.at.host(), name)
	}
	o.head = make([]byte, min(o.size, most))
	if _, err := io.ReadFull(body, o.head); err != nil {
		return nil, fmt.Errorf("%w: %w", errBody, err)
	}
	return o, nil
}

// get requests a part of an object.
func (b *Bucket) get(ctx context.Context, name string, first, last int64) (io.ReadCloser, minio.ObjectInfo, http.Header, error) {
	var opt minio.GetObjectOptions
	if err := opt.SetRange(first, last); err != nil {
		return nil, minio.ObjectInfo{}, nil, err
	}
	return b.client.GetObject(ctx, b.at.Bucket, name, opt)
}

// totalSize parses the size of an object in a Content-Range, such as bytes 0-9/100 (RFC 9110
// section 14.4).
func totalSize(part string) (int64, error) {
	_, total, _ := strings.Cut(part, "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil || size < 0 {
		return 0, fmt.Errorf("a Content-Range without a size: %q", part)
	}
	return size, nil
}

func (o *object) Size() int64        { return o.size }
func (o *object) ModTime() time.Time { return o.modTime }

// Read implements [io.Reader]. If a connection breaks, it continues with another request.
func (o *object) Read(p []byte) (int, error) {
	if o.offset >= o.size {
		return 0, io.EOF
	}
	if o.offset < int64(len(o.head)) {
		n := copy(p, o.head[o.offset:])
		o.offset += int64(n)
		return n, nil
	}
	if len(p) == 0 {
		return 0, nil
	}
	var n int
	err := error(nil)
	for attempt := 1; attempt <= attempts; attempt++ {
		if o.rest == nil {
			if err := o.requestRest(); err != nil {
				return 0, err
			}
		}
		n, err = o.rest.Read(p)
		o.offset += int64(n)
		if n > 0 {
			return n, nil // the next read returns the error again
		}
		if err == nil {
			err = io.ErrNoProgress
		}
		o.closeRest()
		if o.ctx.Err() != nil {
			break
		}
	}
	return 0, o.bucket.count(o.ctx, opRead, fmt.Errorf("%w: %w", errBody, err))
}

// requestRest requests the object from the offset on. The request has no time limit, because the
// client may read slowly. It fails if the server stalls.
func (o *object) requestRest() error {
	return o.bucket.watch(o.ctx, opRead, func() error {
		body, info, _, err := o.bucket.get(o.ctx, o.name, o.offset, o.size-1)
		if err != nil {
			return err
		}
		if info.ETag != o.etag || info.Size != o.size-o.offset {
			return errors.Join(fmt.Errorf("the object %s has changed, or its server does not support ranges", o.name), body.Close())
		}
		o.rest = body
		return nil
	})
}

func (o *object) closeRest() {
	if o.rest != nil {
		_ = o.rest.Close() // it was only read
		o.rest = nil
	}
}

// Seek implements [io.Seeker].
func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.offset
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return o.offset, errors.New("seek before the start")
	}
	if offset != o.offset {
		o.closeRest()
	}
	o.offset = offset
	return offset, nil
}

// Close implements [io.Closer].
func (o *object) Close() error { o.closeRest(); return nil }
