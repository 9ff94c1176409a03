package smtp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/smtp"
)

func TestParseURL(t *testing.T) {
	for text, want := range map[string]smtp.Server{
		"smtp://mail.example.com":                              {Host: "mail.example.com", Port: 587, TLS: smtp.Required},
		"smtp://ada@mail.example.com:25":                       {Host: "mail.example.com", Port: 25, User: "ada", TLS: smtp.Required},
		"smtps://mail.example.com/":                            {Host: "mail.example.com", Port: 465, TLS: smtp.Implicit},
		"SMTPS://ada@example.com@mail.example.com:1465":        {Host: "mail.example.com", Port: 1465, User: "ada@example.com", TLS: smtp.Implicit},
		"smtp://ada%40example.com@mail.example.com":            {Host: "mail.example.com", Port: 587, User: "ada@example.com", TLS: smtp.Required},
		"smtp://localhost:25":                                  {Host: "localhost", Port: 25, TLS: smtp.Opportunistic},
		"smtp://127.0.0.1":                                     {Host: "127.0.0.1", Port: 587, TLS: smtp.Opportunistic},
		"smtp://[::1]:25":                                      {Host: "::1", Port: 25, TLS: smtp.Opportunistic},
		"smtp://[2001:DB8::1]":                                 {Host: "2001:db8::1", Port: 587, TLS: smtp.Required},
		"smtp://localhost?tls=required":                        {Host: "localhost", Port: 587, TLS: smtp.Required},
		"smtp://mail.example.com?tls=off":                      {Host: "mail.example.com", Port: 587, TLS: smtp.Off},
		"smtp://ada@mail.example.com?tls=required&auth=login":  {Host: "mail.example.com", Port: 587, User: "ada", TLS: smtp.Required, Auth: "login"},
		"smtp://ada@localhost?tls=off&auth=cram-md5":           {Host: "localhost", Port: 587, User: "ada", TLS: smtp.Off, Auth: "cram-md5"},
		"smtp://Bücher.example":                                {Host: "xn--bcher-kva.example", Port: 587, TLS: smtp.Required},
		" smtps://apikey@smtp.provider.example?auth=xoauth2\n": {Host: "smtp.provider.example", Port: 465, User: "apikey", TLS: smtp.Implicit, Auth: "xoauth2"},
	} {
		if got, err := smtp.ParseURL(text); err != nil || got != want {
			t.Errorf("%s: %+v (%v), want %+v", text, got, err, want)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                        "start it with smtp:// or smtps://",
		"mail.example.com:587":                    "start it with smtp://",
		"http://mail.example.com":                 "start it with smtp://",
		"smtp://":                                 `"" is no host name`,
		"smtp://ada@":                             `"" is no host name`,
		"smtp://ada:hunter2@mail.example.com":     "put it into the file that CARDEA_SMTP_PASSWORD_FILE names",
		"smtp://mail.example.com:0":               `"0" is no port; write a number from 1 to 65535`,
		"smtp://mail.example.com:smtp":            `"smtp" is no port`,
		"smtp://mail.example.com:":                `"" is no port`,
		"smtp://2001:db8::1":                      `is no host name`,
		"smtp://[2001:db8::1":                     `is no`,
		"smtp://[mail.example.com]":               `is no IPv6 address`,
		"smtp://mail example.com":                 `is no host name`,
		"smtp://mail.example.com\r\nRCPT":         `is no host name`,
		"smtp://mail.example.com?tls=yes":         "tls=yes is unknown; write tls=required, tls=opportunistic or tls=off",
		"smtp://mail.example.com?tls=implicit":    "tls=implicit is unknown",
		"smtps://mail.example.com?tls=off":        "remove tls=, or write smtp://",
		"smtp://a@mail.example.com?auth=ntlm":     "auth=ntlm is unknown; write auth=plain, auth=login, auth=cram-md5, auth=xoauth2",
		"smtp://mail.example.com?auth=plain":      "auth= needs a user name",
		"smtp://mail.example.com?starttls=1":      "starttls is unknown; the parameters are tls and auth",
		"smtp://mail.example.com?tls=%zz":         "the part after ? is malformed",
		"smtp://a@mail.example.com?tls=off":       "tls=off would send the password unprotected",
		"smtp://50%@mail.example.com":             "write % as %25",
		"smtp://a%0d%0aQUIT@mail.example.com":     "the user name is malformed",
		"smtp://mail.example.com?tls=required&x=": "x is unknown",
	} {
		_, err := smtp.ParseURL(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\r\n") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestParseFrom(t *testing.T) {
	for text, want := range map[string]string{
		"accounts@example.com":        "<accounts@example.com>",
		"Acme <accounts@example.com>": `"Acme" <accounts@example.com>`,
		`"A, B" <a@example.com>`:      `"A, B" <a@example.com>`,
		"Bücher <a@bücher.example>":   "=?utf-8?q?B=C3=BCcher?= <a@bücher.example>",
	} {
		if got, err := smtp.ParseFrom(text); err != nil || got.String() != want {
			t.Errorf("%s: %s (%v), want %s", text, got.String(), err, want)
		}
	}
	for _, text := range []string{"", "Acme", "a@", "a@b c", "a@x, b@x", "Acme\r\nBcc: x@x <a@x>", "a@[127.0.0.1]", "a@-x-"} {
		if got, err := smtp.ParseFrom(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestReadPassword(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	write := func(content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(" two words \r\n\n")
	if got, err := smtp.ReadPassword(path); err != nil || got != " two words" {
		t.Errorf("got %q (%v)", got, err)
	}
	for content, want := range map[string]string{
		"":                         "is empty; write the password",
		"\n":                       "is empty",
		"hunter2\nhunter3":         "has several lines",
		strings.Repeat("x", 17000): "is larger than 16 KiB",
	} {
		write(content)
		if _, err := smtp.ReadPassword(path); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%.20q: %v, want %q", content, err, want)
		}
	}
	if _, err := smtp.ReadPassword(path + "2"); err == nil || !strings.Contains(err.Error(), "create the file") {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := smtp.ReadPassword(t.TempDir()); err == nil || !strings.Contains(err.Error(), "make it a readable file") {
		t.Errorf("a folder: %v", err)
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("smtp://ada@mail.example.com:587?tls=off&auth=plain")
	f.Add("smtps://[::1]:465")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := smtp.ParseURL(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q: %q has several lines", text, err)
			}
			return
		}
		if s.Host == "" || s.Port < 1 || s.Port > 65535 || s.TLS == "" || strings.ContainsAny(s.Host+s.User, "\r\n\x00") {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
