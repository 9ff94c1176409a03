package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// wantRefusal fails the test unless the error is one that is the client's fault.
func wantRefusal(t *testing.T, err error) {
	t.Helper()
	e := refusalOf(err)
	if e.Status < 400 || e.Status >= 500 || e.Code == "" || e.Message == "" {
		t.Fatalf("error %#v", err)
	}
}

// Whatever a body is, it becomes the strings of a request or is refused.
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
		var register registerRequest
		var login loginRequest
		var rename renameRequest
		var password passwordRequest
		for request, texts := range map[any]func() []string{
			&register: func() []string { return []string{register.Name, register.Email, register.Password} },
			&login:    func() []string { return []string{login.Email, login.Password} },
			&rename:   func() []string { return []string{rename.Name} },
			&password: func() []string { return []string{password.Current, password.New} },
		} {
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/", bytes.NewReader(body))
			r.Header.Set("Content-Type", contentType)
			if err := decode(r, request); err != nil {
				wantRefusal(t, err)
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

// Whatever a form is, it has one file and a crop within the limits or is refused.
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
			wantRefusal(t, err)
		case len(up.Data) > limit || up.Filename == "" || len(up.Crop) > maxCropBytes:
			t.Errorf("%q of %d bytes, crop %q", up.Filename, len(up.Data), up.Crop)
		}
	})
}

// Whatever a client's cookies are, what is taken from them can be a token.
func FuzzCookies(f *testing.F) {
	for _, header := range []string{
		"session=ABCDEFGHIJKLMNOPQRSTUVWXYZ", "a=b; session=\"ABCDEFGHIJKLMNOPQRSTUVWXYZ\"; session=x",
		"session", "=;=;", "session=eyJ.x.y; session=ABCDEFGHIJKLMNOPQRSTUVWX23", "session-device=a.b.c", "\x00\xff;;",
	} {
		f.Add(header)
	}
	s := &Server{opt: Options{CookieName: "session"}}
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Cookie": {header}}}
		if token := s.token(r); token != "" && (!token.WellFormed() || !strings.Contains(header, string(token))) {
			t.Errorf("a token of %d bytes from %q", len(token), header)
		}
		if device := s.device(r); !strings.Contains(header, string(device)) {
			t.Errorf("a device from %q", header)
		}
	})
}

// Whatever proxies say, links lead to a host, and the client has an address.
func FuzzForwarded(f *testing.F) {
	f.Add("203.0.113.7, 10.0.0.1", "https", "front.example.com")
	f.Add("[2001:db8::1]:99,1.2.3.4:5", "HTTPS, http", "a, b:1")
	f.Add("unknown, fe80::1%eth0", "javascript", "evil.com/x?y#z@")
	f.Add(",,,", "", "\x00")
	s := &Server{opt: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	f.Fuzz(func(t *testing.T, chain, proto, host string) {
		r := &http.Request{RemoteAddr: "10.0.0.9:1234", Host: "back.example.com", URL: &url.URL{}, Header: http.Header{
			"X-Forwarded-For": {chain}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host},
		}}
		if ip := s.clientIP(r); !ip.IsValid() || ip.Zone() != "" {
			t.Errorf("client %v of %q", ip, chain)
		}
		address := s.publicAddress(r)
		rest, isHTTP := strings.CutPrefix(strings.TrimPrefix(address, "https://"), "http://")
		if !isHTTP && !strings.HasPrefix(address, "https://") || rest == "" || strings.ContainsAny(rest, "/?#@ \\\"<>") {
			t.Errorf("address %q of %q and %q", address, proto, host)
		}
	})
}
