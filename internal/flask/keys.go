// Package flask verifies and reads the session cookies of Flask apps: itsdangerous'
// URLSafeTimedSerializer with the salt, the key derivation and the digest that
// flask.sessions.SecureCookieSessionInterface uses in Flask 0.10 to 3.1.
//
// A cookie is {payload}.{time}.{signature}, each part in URL-safe base 64 without padding.
// [Keys.Open] verifies the signature; [Cookie.Who] then reads the payload.
package flask

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Flask's cookies are signed with HMAC-SHA1
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// salt of Flask's session cookies, of which the signing key is derived.
const salt = "cookie-session"

const (
	// maxKeys bounds the work for a forged cookie. Keys are rotated one by one.
	maxKeys = 4
	// shortKey in bytes: the Flask documentation makes keys of 24 or 32 bytes. Tools guess
	// shorter ones from word lists.
	shortKey = 16
)

// Keys are the signing keys derived from values of SECRET_KEY, the newest first. They print and
// marshal as [redacted].
type Keys struct {
	signing []signingKey
	weak    bool
}

// signingKey is that of an app.
type signingKey struct {
	source string // the name under which the users of the app were imported
	key    []byte
}

// Source is the name under which users of a Flask app are imported, unless they have another.
const Source = "flask"

// ParseKeys reads the values of SECRET_KEY, one a line, the newest first, at most 4. A line
// that begins with hex: holds bytes in hexadecimal digits. The keys below a line [name] are
// those of the app whose users were imported under that name; above any, flask. Empty lines
// are ignored. The error names the line at fault and shows nothing of it.
func ParseKeys(text string) (Keys, error) {
	var k Keys
	n, source := 0, Source
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) { // some editors write a byte order mark
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if name, isSection := strings.CutPrefix(line, "["); isSection {
			if source, isSection = strings.CutSuffix(name, "]"); !isSection {
				return Keys{}, fmt.Errorf("line %d begins with [ and does not end with ]; a key that begins so is written as hex: and its bytes in hexadecimal digits", n)
			}
			continue
		}
		key, err := parseKey(line)
		if err != nil {
			return Keys{}, fmt.Errorf("line %d %w", n, err)
		}
		if len(k.signing) == maxKeys {
			return Keys{}, fmt.Errorf("it holds more than %d keys; remove the oldest", maxKeys)
		}
		next := signingKey{source, sign(key, []byte(salt))}
		if k.isOfAnother(next) {
			return Keys{}, fmt.Errorf("line %d is the key of another app, too: their cookies cannot be told apart", n)
		}
		k.signing = append(k.signing, next)
		k.weak = k.weak || len(key) < shortKey
	}
	if len(k.signing) == 0 {
		return Keys{}, errors.New("it holds no key; write the SECRET_KEY of the Flask app into it")
	}
	return k, nil
}

func parseKey(line string) ([]byte, error) {
	if digits, isHex := strings.CutPrefix(line, "hex:"); isHex {
		key, err := hex.DecodeString(digits)
		if err != nil || len(key) == 0 {
			return nil, errors.New("has other characters than hexadecimal digits after hex:, or an odd number of them")
		}
		return key, nil
	}
	switch {
	case line != strings.TrimSpace(line):
		return nil, errors.New("begins or ends with white space; remove it, or write the key as hex: and its bytes")
	case !utf8.ValidString(line):
		return nil, errors.New("is not UTF-8; write the key as hex: and its bytes")
	}
	return []byte(line), nil
}

// IsWeak reports whether a key has fewer than 16 bytes, so it may be guessed.
func (k Keys) IsWeak() bool { return k.weak }

// sign returns the signature of data by a key.
func sign(key, data []byte) []byte {
	h := hmac.New(sha1.New, key)
	h.Write(data)
	return h.Sum(nil)
}

func (k Keys) isOfAnother(key signingKey) bool {
	return slices.ContainsFunc(k.signing, func(other signingKey) bool {
		return hmac.Equal(other.key, key.key) && other.source != key.source
	})
}

// verify reports whether any of the keys has signed data, and whose key it is. Its time does
// not tell which.
func (k Keys) verify(data, signature []byte) (source string, isValid bool) {
	for _, key := range k.signing {
		if hmac.Equal(sign(key.key, data), signature) {
			source, isValid = key.source, true
		}
	}
	return source, isValid
}

const redacted = "[redacted]"

// Format implements [fmt.Formatter] for every verb, and so for log/slog.
func (Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements [encoding.TextMarshaler].
func (Keys) MarshalText() ([]byte, error) { return []byte(redacted), nil }
