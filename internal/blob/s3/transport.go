package s3

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// Limits of calls. Three attempts and the pauses between them fit into callTime.
const (
	// callTime limits a call with all its attempts. No request waits longer.
	callTime = 10 * time.Second
	// attempts is the largest number of attempts of a call. The pauses between them are random, at
	// most 0.2 and 0.4 seconds.
	attempts = 3
	// stallTime limits the wait for the header of an answer, and for each part of its body. The
	// limit is one second longer for each MiB that the request sends.
	stallTime = 3 * time.Second
	// connections is how many idle connections are kept open for later calls.
	connections = 64
)

// errStalled means that the server sent nothing for too long.
var errStalled = errors.New("no answer in time")

// newTransport returns a transport that uses the proxy of the environment (HTTPS_PROXY) and trusts
// the certificates of the system (SSL_CERT_FILE).
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: stallTime, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   stallTime,
		ExpectContinueTimeout: time.Second,
		MaxIdleConnsPerHost:   connections,
		IdleConnTimeout:       90 * time.Second,
		DisableCompression:    true, // a picture is read as it was stored
	}
}

// watched gives up on a server that stalls: before the header of its answer, or in its body.
type watched struct {
	next   http.RoundTripper
	stall  time.Duration
	counts func() // called for each attempt
}

// RoundTrip implements [http.RoundTripper].
func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	w.counts()
	ctx, cancel := context.WithCancelCause(r.Context())
	allowed := w.stall + time.Duration(max(0, r.ContentLength)>>20)*time.Second
	timer := time.AfterFunc(allowed, func() { cancel(errStalled) })
	answer, err := w.next.RoundTrip(r.WithContext(ctx))
	timer.Stop()
	if err != nil {
		if errors.Is(context.Cause(ctx), errStalled) {
			err = errStalled
		}
		cancel(nil)
		return nil, err
	}
	answer.Body = &watchedBody{answer.Body, timer, w.stall, ctx, cancel}
	return answer, nil
}

// watchedBody is the body of an answer.
type watchedBody struct {
	io.ReadCloser
	timer  *time.Timer
	stall  time.Duration
	ctx    context.Context //nolint:containedctx // of the request whose answer it is
	cancel context.CancelCauseFunc
}

// Read implements [io.Reader].
func (b *watchedBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.stall)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && errors.Is(context.Cause(b.ctx), errStalled) {
		err = errStalled
	}
	return n, err
}

// Close implements [io.Closer].
func (b *watchedBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
