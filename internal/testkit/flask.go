package testkit

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Flask's cookies are signed with HMAC-SHA1
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/importer"
)

// FlaskKey is the SECRET_KEY of the app whose cookies [FlaskCookie] signs.
const FlaskKey = "the secret key of the example app"

// FromFlask makes a server take the cookies of Flask apps with these keys; without any, of
// the one with [FlaskKey].
func FromFlask(t testing.TB, keys ...string) Option {
	t.Helper()
	if len(keys) == 0 {
		keys = []string{FlaskKey}
	}
	var text []byte
	for _, key := range keys {
		text = append(text, key+"\n"...)
	}
	file := filepath.Join(t.TempDir(), "flask.key")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *cardea.Config) { c.FlaskSecretKeyFile = file }
}

// ImportUsers imports users under the name of a source. The first line names the columns.
func (s *Server) ImportUsers(t testing.TB, source string, opt importer.Options, lines ...string) importer.Summary {
	t.Helper()
	file := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	users, err := importer.OpenCSV(file, source, importer.Mapping{"verified": "verified"})
	if err != nil {
		t.Fatal(err)
	}
	defer users.Close() //nolint:errcheck // it was only read
	opt.LossLimit = cmp.Or(opt.LossLimit, 10)
	done, err := s.Operate(t).Import(t.Context(), users, opt)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// FlaskCookie returns the session cookie that the app with [FlaskKey] issues at a time for a
// session in JSON.
func FlaskCookie(session string, at time.Time) string {
	return SignFlask(FlaskKey, base64.RawURLEncoding.EncodeToString([]byte(session)), at)
}

// SignFlask signs a payload as the Flask app with a SECRET_KEY does.
func SignFlask(key, payload string, at time.Time) string {
	mac := func(key, data []byte) []byte {
		h := hmac.New(sha1.New, key)
		h.Write(data)
		return h.Sum(nil)
	}
	stamp := bytes.TrimLeft(binary.BigEndian.AppendUint64(nil, uint64(at.Unix())), "\x00")
	signed := payload + "." + base64.RawURLEncoding.EncodeToString(stamp)
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac(mac([]byte(key), []byte("cookie-session")), []byte(signed)))
}

// CompressFlask returns the payload of a session in JSON that is compressed.
func CompressFlask(session []byte) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(session) // a buffer takes everything
	_ = w.Close()
	return "." + base64.RawURLEncoding.EncodeToString(b.Bytes())
}
