package doctor

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// overhead is what a form adds to its file, in bytes. Browsers need about 200.
	overhead = 1 << 10
	// largestUpload bounds what is sent, in bytes.
	largestUpload = 64 << 20
)

// checkUpload sends a body of the size of the largest picture. Without a session, Cardea
// refuses it with 401; a proxy that has a lower limit does so with 413.
func (v *visit) checkUpload(ctx context.Context) {
	size := min(v.Settings.UploadMaxBytes, largestUpload) + overhead
	inMiB := strconv.FormatInt((size+1<<20-1)>>20, 10)
	body := &hesitant{left: size, closed: make(chan struct{})}
	answer, err := v.send(ctx, http.MethodPost, v.address("/api/upload-picture"), body, size, "Content-Type", "multipart/form-data; boundary=cardea")
	switch {
	case err != nil:
		v.wrong("client_max_body_size "+inMiB+"m;  (in nginx)", "a picture of %s MiB is cut off: %s", inMiB, inWords(err))
	case answer.isOurs() && answer.status == http.StatusUnauthorized:
		v.ok("pictures of %d bytes reach the server", min(v.Settings.UploadMaxBytes, largestUpload))
	case answer.status == http.StatusRequestEntityTooLarge:
		v.wrong("client_max_body_size "+inMiB+"m;  (in nginx)",
			"%s refuses pictures of %d bytes, which the settings allow", answer.who(), v.Settings.UploadMaxBytes)
	default:
		v.wrong("let the proxy pass uploads to Cardea", "%s answers %d to an upload", answer.who(), answer.status)
	}
}

// pause is how long an answer to the first parts of the body may take. Tests shorten it.
var pause = 500 * time.Millisecond

// pauses are how much was sent before each pause, in bytes. The first is more than net/http
// buffers. A proxy built on net/http passes an early answer on when more of the body comes.
var pauses = []int64{16 << 10, 80 << 10}

// hesitant is a body of zeros that pauses after its first parts. Whoever answers without
// reading the rest does so then. Later, the answer could be lost with the connection.
type hesitant struct {
	sent, left int64
	paused     int // how often
	closed     chan struct{}
	once       sync.Once
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.paused < len(pauses) && h.sent >= pauses[h.paused] {
		h.paused++
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-h.closed:
			return 0, io.ErrClosedPipe
		}
	}
	if h.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), h.left)]
	clear(p)
	h.sent += int64(len(p))
	h.left -= int64(len(p))
	return len(p), nil
}

// Close ends the pause.
func (h *hesitant) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}
