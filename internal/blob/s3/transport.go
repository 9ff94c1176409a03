package s3

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// Bounds of calls. They add up: three attempts and the pauses between them fit into callTime.
const (
	// callTime bounds a call with all its attempts, so a request never waits longer.
	callTime = 10 * time.Second
	// attempts is how often a call is made at most. The pauses between them are random, at
	// most 0.2 and 0.4 seconds.
	attempts = 3
	// stallTime bounds the wait for the header of an answer, and for each part of a body. A
	// body that is sent has a second more for each MiB.
	stallTime = 3 * time.Second
	// connections is how many are kept open for later calls.
	connections = 64
)

// errStalled means that the server did not answer in time.
var errStalled = errors.New("no answer in time")

// newTransport makes connections to a server. The proxy is that of the environment
// (HTTPS_PROXY), the trusted certificates are those of the system (SSL_CERT_FILE).
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
