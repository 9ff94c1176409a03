package api

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/wire"
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

// Any body becomes the strings of a form, or is refused.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"email":"ada@example.com","password":"simplepass","name":"Ada"}`,
		`{"current_password":"a","new_password":"b"}`, `{"name":null}`, `{"email":5}`, `[]`, `null`, `{}`, ``, `{"a":{"b":[1,2,{}]}}`,
		`{"email":"a","email":"b"}`, "{\"email\":\"\xff\"}", `{"email":"\ud800"}`, `{"Email":"a"}`, "\ufeff{}",
	} {
		f.Add([]byte(body), "application/json")
	}
	f.Add([]byte(`{}`), "text/plain; charset=\"")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		var register registerForm
		var login loginForm
		var reset resetForm
		var password passwordForm
		w := wire.New(nil, wire.Options{Now: time.Now})
		for form, texts := range map[any]func() []string{
			&register: func() []string { return []string{register.Name, register.Email, register.Password} },
			&login:    func() []string { return []string{login.Email, login.Password} },
			&reset:    func() []string { return []string{reset.Token, reset.Email, reset.Code, reset.New} },
			&password: func() []string { return []string{password.Current, password.New} },
		} {
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/", bytes.NewReader(body))
			r.Header.Set("Content-Type", contentType)
			if err := w.Peek(httptest.NewRecorder(), r).Decode(form); err != nil {
				wantClientError(t, err)
				continue
			}
			for _, text := range texts() {
				if !utf8.ValidString(text) {
					t.Errorf("%q has become %q", body, text)
				}
			}
		}
	})
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
		up, err := readUpload(r, r.Body, limit)
		switch {
		case err != nil:
			wantClientError(t, err)
		case len(up.Data) > limit || up.Filename == "" || len(up.Crop) > maxCropBytes:
			t.Errorf("%q of %d bytes, crop %q", up.Filename, len(up.Data), up.Crop)
		}
	})
}
