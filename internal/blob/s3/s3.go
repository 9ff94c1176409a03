// Package s3 stores blobs as objects in a bucket, at Amazon S3 or on another server that speaks its
// protocol. [Parse] parses the address of a bucket, and [New] makes the [blob.Store].
//
// The key "k3v9…" becomes the object prefix/k3/k3v9…, the same path as in a folder. The files of
// this package are address.go and credentials.go (where and who), put.go, open.go and list.go (the
// calls), check.go, errors.go (what a server's answer means to operators), transport.go (timeouts)
// and metrics.go.
package s3

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// Bucket is a [blob.Store] in a bucket. It is also a prometheus.Collector of its metrics.
type Bucket struct {
	at       Address
	prefix   string // of all objects, empty or with a slash at its end
	client   *minio.Core
	callTime time.Duration
	metrics  metrics

	isUnconditional atomic.Bool // the server does not support conditional puts

	checking chan struct{}             // has room for one value, taken during a check
	written  atomic.Pointer[time.Time] // when a write succeeded last; nil: a call has failed since
	filled   atomic.Pointer[time.Time] // when the bucket held something at a look; nil: a call has failed since
	lacking  atomic.Int64              // size of the last blob that did not fit; 0 after a success
}

var (
	_ blob.Store  = (*Bucket)(nil)
	_ blob.Signer = (*Bucket)(nil)
)

// New returns the store in a bucket. It checks neither the bucket nor the credentials. The first
// call does.
func New(at Address) (*Bucket, error) { return newBucket(at, callTime, stallTime) }

// newBucket is New with other time limits.
func newBucket(at Address, callTime, stall time.Duration) (*Bucket, error) {
	b := &Bucket{at: at, callTime: callTime, metrics: newMetrics(), checking: make(chan struct{}, 1)}
	if at.Prefix != "" {
		b.prefix = at.Prefix + "/"
	}
	lookup := minio.BucketLookupDNS
	if at.IsPathStyle {
		lookup = minio.BucketLookupPath
	}
	var err error
	b.client, err = minio.NewCore(at.host(), &minio.Options{
		Creds: newCredentials(), Secure: at.scheme() == "https", Region: at.Region, BucketLookup: lookup, MaxRetries: attempts,
		Transport: watched{newTransport(), stall, b.metrics.attempts.Inc},
	})
	if err != nil {
		return nil, setup(isMisnamed, "%v", err)
	}
	b.client.SetS3EnableDualstack(false) // use Amazon's usual host names, which firewalls are likely to allow
	return b, nil
}

// String is the address without parameters.
func (b *Bucket) String() string { return b.at.String() }

// Redirects reports whether clients are sent to signed addresses.
func (b *Bucket) Redirects() bool { return b.at.Redirects }

// name returns the name of a key's object. Error: [blob.ErrKey].
func (b *Bucket) name(key string) (string, error) {
	path, err := blob.Path(key)
	return b.prefix + path, err
}

// Delete implements [blob.Store].
func (b *Bucket) Delete(ctx context.Context, key string) error {
	name, err := b.name(key)
	if err != nil {
		return err
	}
	return b.call(ctx, opDelete, func(ctx context.Context) error { return b.remove(ctx, name) })
}

// remove removes an object. It also succeeds if there is none.
func (b *Bucket) remove(ctx context.Context, name string) error {
	err := b.client.RemoveObject(ctx, b.at.Bucket, name, minio.RemoveObjectOptions{})
	if code(err) == minio.NoSuchKey {
		return nil
	}
	return err
}

// signedFor is how long a signed address is valid beyond the time that clients may cache it. It
// leaves room for a slow start of the download, and for clocks that differ.
const signedFor = 4 * time.Minute

// Sign implements [blob.Signer]. The address is valid for four minutes longer than clients may
// cache it.
func (b *Bucket) Sign(ctx context.Context, key string, as blob.Served) (string, error) {
	name, err := b.name(key)
	if err != nil {
		return "", err
	}
	disposition := "inline"
	if as.Filename != "" {
		disposition += `; filename="` + as.Filename + `"`
	}
	signed, err := b.client.PresignedGetObject(ctx, b.at.Bucket, name, as.CacheFor+signedFor, url.Values{
		"response-content-type":        {as.ContentType},
		"response-content-disposition": {disposition},
	})
	if err != nil {
		return "", b.explain(err)
	}
	return signed.String(), nil
}

// code returns the code of a server's error; empty for an error that no server has sent.
func code(err error) string { return minio.ToErrorResponse(err).Code }

// relative returns the path of an object below the prefix.
func (b *Bucket) relative(object string) string {
	return cmp.Or(strings.TrimPrefix(object, b.prefix), object)
}
