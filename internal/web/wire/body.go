package wire

import (
	"io"
	"net/http"
	"time"
)

// If a server answers early and closes the connection, a client that is still
// sending gets a reset and may never see the answer. So the rest of a body is read
// and dropped: at most this many bytes, for at most paceTime.
const drainBytes = 64 << 20

// pacedBody is a request's body that has to arrive in time.
type pacedBody struct {
	io.ReadCloser
	connection     *http.ResponseController
	arrived        pace
	started, ended bool
	broken         bool // ended with an error
	chunked        bool
	expectContinue bool
}

// paceBody replaces a request's body with a pacedBody; it returns nil if there is none.
func paceBody(w http.ResponseWriter, r *http.Request) *pacedBody {
	if r.ContentLength == 0 || r.ProtoMajor != 1 {
		return nil
	}
	b := &pacedBody{
		ReadCloser:     r.Body,
		connection:     http.NewResponseController(w),
		expectContinue: r.Header.Get("Expect") != "",
		chunked:        len(r.TransferEncoding) > 0,
	}
	// Otherwise net/http reads the rest of the body before it writes an early
	// answer. A ResponseWriter that cannot do this has no connection of ours.
	_ = b.connection.EnableFullDuplex()
	r.Body = b
	return b
}

func (b *pacedBody) Read(p []byte) (int, error) {
	until, _ := b.arrived.deadline()
	_ = b.connection.SetReadDeadline(until)
	if !b.started { // the first read may write "100 Continue"
		b.started = true
		_ = b.connection.SetWriteDeadline(until)
	}
	n, err := b.ReadCloser.Read(p)
	b.arrived.moved(int64(n))
	if err != nil && !b.ended {
		b.ended = true
		b.broken = err != io.EOF //nolint:errorlint // the body's proper end
		if !b.broken {
			_ = b.connection.SetReadDeadline(time.Time{}) // the answer takes its own time
		} // else the deadline stays, or net/http would read for as long as the client likes
	}
	return n, err
}

// unasked reports whether the client waits for "100 Continue", which was not sent.
func (b *pacedBody) unasked() bool { return b != nil && b.expectContinue && !b.started }

// unending reports whether the end of the body is unknown, so that the next request
// cannot be told from it. See RFC 9110 section 10.1.1 for unasked bodies.
func (b *pacedBody) unending() bool { return b.unasked() || b != nil && b.broken }

// endsConnection reports whether the connection closes after the answer. After a request
// with both Content-Length and Transfer-Encoding it must (RFC 9112 section 6.1). net/http
// drops that Content-Length, so the connection closes after every chunked request.
func (b *pacedBody) endsConnection() bool { return b.unending() || b != nil && b.chunked }

// Drain sends the answer and drops the rest of the body. If the body does not end,
// it panics with [http.ErrAbortHandler] to close the connection.
func (r *Request) Drain() {
	if !r.body.drain() {
		panic(http.ErrAbortHandler)
	}
}

// drain reports whether the connection can be left to net/http.
func (b *pacedBody) drain() bool {
	switch {
	case b == nil || b.ended:
		return true // if it broke, the answer said "Connection: close", see WriteHeader
	case b.unasked():
		_ = b.connection.SetReadDeadline(time.Unix(1, 0)) // the client sends nothing; do not wait for it
		return true                                       // the answer said "Connection: close", see WriteHeader
	case b.connection.Flush() != nil:
		return true // not a connection of ours
	}
	b.arrived = pace{time.Now().Add(paceTime), drainBytes} // one deadline for all of it
	_, err := io.CopyN(io.Discard, b, drainBytes)
	return err == io.EOF //nolint:errorlint // the body's proper end
}
