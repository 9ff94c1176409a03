// Package secret has the keys that sign device cookies and other values that clients
// send back. Every use has its own sub-key, derived by a label. There may be several
// keys, for rotation: the newest signs, all verify.
package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// Label names what a sub-key is for. Every use of the secret has its own label here. A
// label never changes, because everything signed under it would become invalid.
type Label string

// The labels.
const (
	DeviceCookies   Label = "cardea device cookies" // HMAC in cookies of known devices
	AvatarAddresses Label = "cardea avatars"        // HMAC in addresses of default avatars
	Codes           Label = "cardea codes"          // HMAC of codes in mails
	Outbox          Label = "cardea outbox"         // encryption of mail that is not sent yet
	FlaskSessions   Label = "cardea flask sessions" // HMAC that makes session tokens out of Flask cookies
)

const (
	// keySize is the size of a key in secret.key, in bytes.
	keySize = 32
	// shortestMAC is how far a MAC may be cut, in bytes: 128 bits cannot be guessed.
	shortestMAC = 16
)

// Keys are the keys of secret.key, the newest first. They print and marshal as
// [redacted]. The keys themselves sign nothing: see [Keys.Sub].
type Keys struct{ keys [][]byte }

// New returns one random key.
func New() Keys {
	key := make([]byte, keySize)
	rand.Read(key)
	return Keys{[][]byte{key}}
}

// Parse reads the text of secret.key: a key a line, the newest first, each 32 bytes
// in base 64. Empty lines are ignored. The error names the line at fault and shows
// nothing of it.
func Parse(text string) (Keys, error) {
	var k Keys
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) { // some editors write a byte order mark
		n++
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != keySize {
			return Keys{}, fmt.Errorf("line %d is not a key of %d bytes in base 64", n, keySize)
		}
		k.keys = append(k.keys, key)
	}
	if len(k.keys) == 0 {
		return Keys{}, fmt.Errorf("it holds no key")
	}
	return k, nil
}

// Text is what [Parse] reads.
func (k Keys) Text() string {
	var b strings.Builder
	for _, key := range k.keys {
		b.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	}
	return b.String()
}

const redacted = "[redacted]"

// Format implements [fmt.Formatter] for every verb, and so for log/slog.
func (Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements [encoding.TextMarshaler].
func (Keys) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Sub derives the keys for one use (HKDF-SHA256, RFC 5869). Without any key it panics:
// a MAC under an empty key would protect nothing.
func (k Keys) Sub(label Label) Sub {
	if len(k.keys) == 0 {
		panic("secret: no secret key")
	}
	var s Sub
	for _, key := range k.keys {
		sub, err := hkdf.Key(sha256.New, key, nil, string(label), keySize)
		if err != nil {
			panic(err) // only a size that HKDF cannot give
		}
		s.keys = append(s.keys, sub)
	}
	return s
}

// SubIfAny is Sub, but without any key it returns keys that open nothing.
func (k Keys) SubIfAny(label Label) Sub {
	if len(k.keys) == 0 {
		return Sub{}
	}
	return k.Sub(label)
}

// Sub are the keys for one use. They print and marshal as [redacted].
type Sub struct{ keys [][]byte }

// Format implements [fmt.Formatter], as for [Keys].
func (Sub) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements [encoding.TextMarshaler].
func (Sub) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MAC returns the HMAC-SHA256 of data under the newest key. It may be cut to 16 bytes.
func (s Sub) MAC(data []byte) []byte { return mac(s.keys[0], data) }

// MACs returns the HMAC-SHA256 of data under each of the keys, the newest first.
func (s Sub) MACs(data []byte) [][]byte {
	macs := make([][]byte, len(s.keys))
	for i, key := range s.keys {
		macs[i] = mac(key, data)
	}
	return macs
}

// Verify reports whether mac is the [Sub.MAC] of data under any of the keys, whole or
// cut. It compares in constant time.
func (s Sub) Verify(data, got []byte) bool {
	if len(got) < shortestMAC || len(got) > sha256.Size {
		return false
	}
	valid := false
	for _, key := range s.keys {
		if hmac.Equal(mac(key, data)[:len(got)], got) {
			valid = true
		}
	}
	return valid
}

func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}
