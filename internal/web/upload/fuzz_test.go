package upload

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
)

// wantClientError fails the test unless the error is the client's fault.
func wantClientError(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*guard.Error](err)
	if !ok || e.Code == "" || e.Message == "" ||
		!slices.Contains([]guard.Kind{guard.KindInvalid, guard.KindUnsupported, guard.KindTooLarge}, e.Kind) {
		t.Fatalf("error %#v", err)
	}
}

// Any form has one file and a crop within the limits, or is refused.
func FuzzUpload(f *testing.F) {
	part := "--x\r\nContent-Disposition: form-data; name=\"profile_pic\"; filename=\"a.png\"\r\n\r\nbytes\r\n"
	for _, body := range []string{
		part + "--x--\r\n", part + part + "--x--\r\n", part, "--x--\r\n", "",
		strings.Replace(part, "a.png", "", 1) + "--x--", strings.Replace(part, "profile_pic", "other", 1) + part + "--x--",
		strings.Replace(part, "\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=", 1) + "--x--",
		strings.Replace(part, "filename=", "filename*=UTF-8''%e2%80%ae; filename=", 1) + "--x--",
	} {
		f.Add([]byte(body), "multipart/form-data; boundary=x")
	}
	crop := "--x\r\nContent-Disposition: form-data; name=\"crop\"\r\n\r\n0,0,10\r\n"
	for _, body := range []string{crop + part, part + crop, crop + crop + part, part + strings.Replace(crop, "0,0,10", strings.Repeat("1", 65), 1)} {
		f.Add([]byte(body+"--x--\r\n"), "multipart/form-data; boundary=x")
	}
	f.Add([]byte("bytes"), "multipart/form-data; boundary=\"")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		const limit = 64
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		up, err := read(r, r.Body, limit)
		switch {
		case err != nil:
			wantClientError(t, err)
		case len(up.Data) > limit || up.Filename == "" || len(up.Crop) > maxCropBytes:
			t.Errorf("%q of %d bytes, crop %q", up.Filename, len(up.Data), up.Crop)
		}
	})
}
