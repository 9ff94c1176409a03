package api

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"slices"
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
