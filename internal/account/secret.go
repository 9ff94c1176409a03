package account

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
)

// Password is a password as typed. It prints and marshals as [redacted], as a safety
// net; fmt cannot see the method in unexported fields.
type Password string

// Token is the value of a session's cookie. It prints as [redacted], as [Password] does.
type Token string

const redacted = "[redacted]"

// Format implements [fmt.Formatter] for every verb, and so for slog's text and JSON handlers.
func (Password) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// Format implements [fmt.Formatter], as for [Password].
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText keeps passwords out of JSON.
func (Password) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalText keeps tokens out of JSON.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// A token is what crypto/rand.Text returns: 26 characters of base 32, of which
// 128 bits and more are random (OWASP ASVS 5.0, 7.2.3).
const tokenLength = 26

func newToken() Token { return Token(rand.Text()) }

// WellFormed tells whether t can be a token at all, so that other cookies that
// happen to have the same name cost no look-up.
func (t Token) WellFormed() bool {
	if len(t) != tokenLength {
		return false
	}
	for _, c := range []byte(t) {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// tokenHash is what the database knows of a token. A fast hash is enough for a
// value that cannot be guessed.
type tokenHash [sha256.Size]byte

func (t Token) hash() tokenHash { return sha256.Sum256([]byte(t)) }

func (h tokenHash) bytes() []byte { return h[:] }

// newID returns 16 characters of base 32 (80 random bits), in lower case.
func newID() string { return strings.ToLower(rand.Text()[:16]) }
