package doctor

import (
	"context"
	"io"
	"net/http"
	"strconv"
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
	answer, err := v.send(ctx, http.MethodPost, v.address("/api/upload-picture"), io.LimitReader(zeros{}, size), size,
		"Content-Type", "multipart/form-data; boundary=cardea", "Expect", "100-continue")
	switch {
	case err != nil:
		v.wrong("client_max_body_size "+inMiB+"m;  (in nginx)", "a picture of %s MiB is cut off: %s", inMiB, inWords(err))
	case answer.isOurs() && answer.status == http.StatusUnauthorized:
		v.ok("pictures of %d bytes reach the server", min(v.Settings.UploadMaxBytes, largestUpload))
	case answer.status == http.StatusRequestEntityTooLarge:
		v.wrong("client_max_body_size "+inMiB+"m;  (in nginx)", "%s refuses pictures of %d bytes, which the settings allow", answer.who(), v.Settings.UploadMaxBytes)
	default:
		v.wrong("let the proxy pass uploads to Cardea", "%s answers %d to an upload", answer.who(), answer.status)
	}
}

// zeros is an endless file.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
