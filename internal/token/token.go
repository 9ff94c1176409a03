// Package token makes random values that cannot be guessed: the value of a session
// cookie, and the ids of users, sessions and events.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
)

// Token is the value of a session cookie. It prints and marshals as [redacted]. That is
// a safety net only: fmt cannot see the method of an unexported field.
type Token string

// Hash is the SHA-256 of a token, which is all that the database keeps of it. A fast
// hash is enough, because a token cannot be guessed.
type Hash [sha256.Size]byte

const redacted = "[redacted]"

// length of a token: [rand.Text] returns 26 characters of base 32 with at least 128
// random bits (OWASP ASVS 5.0, 7.2.3).
const length = 26

// New returns a fresh token.
func New() Token { return Token(rand.Text()) }

// Derived returns the token that belongs to a MAC of at least 17 bytes. It can be guessed no
// better than the MAC.
func Derived(mac []byte) Token { return Token(base32.StdEncoding.EncodeToString(mac)[:length]) }

// IsWellFormed reports whether t can be a token at all. Cookies of other programs with
// the same name then cost no look-up.
func (t Token) IsWellFormed() bool {
	if len(t) != length {
		return false
	}
	for _, c := range []byte(t) {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// Hash returns the SHA-256 of t.
func (t Token) Hash() Hash { return sha256.Sum256([]byte(t)) }

// Format implements [fmt.Formatter] for every verb, and with it slog's handlers.
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText keeps tokens out of JSON.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// idLength of a public id.
const idLength = 16

// ID returns a public id: 16 lower-case characters of base 32, 80 random bits.
func ID() string { return strings.ToLower(rand.Text()[:idLength]) }

// IsID reports whether id has the form that [ID] gives. Imported users keep their ids,
// which have other forms and may be easy to guess.
func IsID(id string) bool {
	return len(id) == idLength && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
