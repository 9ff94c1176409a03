package wire

import (
	"io"
	"net/http"
	"time"
)

// writer records how a request was answered. It also makes the client take the
// answer at a certain pace. A ResponseWriter that cannot set deadlines, such as a
// recorder in tests, has no pace.
type writer struct {
	http.ResponseWriter
	status  int   // 0: not answered yet
	err     error // the error answered with; nil: none
	written pace
	body    *pacedBody // of the request; nil if it has none
	began   time.Time  // when the request arrived; not the clock of tests
	bytes   int64      // of the answer's body, so far
}

// Unwrap is for [http.ResponseController].
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	if w.body.endsConnection() {
		w.Header().Set("Connection", "close")
	}
	w.allow(0) // an answer without a body needs a deadline too
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *writer) Write(b []byte) (n int, err error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	for {
		now := w.allow(int64(len(b) - n))
		wrote, err := w.ResponseWriter.Write(b[n : n+int(now)])
		w.written.moved(int64(wrote))
		w.bytes += int64(wrote)
		if n += wrote; err != nil || n == len(b) {
			return n, err
		}
	}
}

// ReadFrom implements [io.ReaderFrom], so that the kernel can send files.
func (w *writer) ReadFrom(src io.Reader) (n int64, err error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	limited, ok := src.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: src, N: 1<<63 - 1}
	}
	if whole, ok := limited.R.(inMemory); ok && int64(whole.Len()) == limited.N {
		return whole.WriteTo(justWriter{w})
	}
	for limited.N > 0 {
		part := &io.LimitedReader{R: limited.R, N: w.allow(limited.N)} // net sends a file behind one LimitedReader, not two
		wanted := part.N
		wrote, err := io.Copy(w.ResponseWriter, part)
		w.written.moved(wrote)
		w.bytes += wrote
		n += wrote
		limited.N -= wrote
		if err != nil || wrote < wanted {
			return n, err
		}
	}
	return n, nil
}

// inMemory is a body whose bytes are written as they are, such as a [bytes.Reader]. A copy
// would take a buffer of 64 KiB for each slow reader. Files have no Len: the kernel sends them.
type inMemory interface {
	io.WriterTo
	Len() int // of the unread part
}

// justWriter hides ReadFrom.
type justWriter struct{ io.Writer }

// allow sets the deadline for writing n more bytes, and returns how many of them
// may be written before the next one.
func (w *writer) allow(n int64) int64 {
	if w.isShort(n) {
		return n
	}
	if until, changed := w.written.deadline(); changed {
		_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(until)
	}
	return min(n, w.written.left)
}

// shortBytes is what the kernel takes without waiting for the client.
const shortBytes = 4 << 10

// isShort reports whether n bytes are a short answer to a request without a body, soon after it
// arrived. The server's own write timeout, which runs from then on, is enough for those.
func (w *writer) isShort(n int64) bool {
	return n <= shortBytes && w.body == nil && w.written == pace{} && time.Since(w.began) < soon
}

// soon is less than any server's write timeout.
const soon = time.Second
