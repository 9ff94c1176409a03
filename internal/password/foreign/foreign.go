// Package foreign verifies passwords against hashes that other programs made: Werkzeug,
// bcrypt, passlib, Django, crypt(3) and Firebase. docs/reference/hashes.md lists the formats.
//
// Users keep their passwords when they move to Cardea. Such hashes are only ever read:
// after the first login, the account has an Argon2id hash instead.
//
// Stored hashes come from other systems, and [Parse] treats them as hostile. It accepts
// one spelling of each hash, and refuses hashes that cost more than [MaxMemory] or
// [MaxCost] before it does any work.
package foreign

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// Errors of [Parse].
var (
	ErrUnknown   = errors.New("foreign: damaged hash, or of an unknown format")
	ErrTooCostly = errors.New("foreign: the hash costs more memory or time than is allowed")
)

// Limits on hashes.
const (
	// MaxLength is the longest string that Parse reads, in bytes. Hashes with salts of the
	// usual length take 50 to 300.
	MaxLength = 1024
	// MaxMemory is in bytes. The defaults of libraries take up to 100 MiB (passlib and
	// Django: Argon2 with m=102400).
	MaxMemory = 256 << 20
	// MaxCost is in the unit of [Hash.Cost]. It equals the first choice of RFC 9106
	// section 4, 2 GiB in one pass, which takes a second or two.
	MaxCost = 2 << 20
)

// Hash is a stored hash of a known format, within the limits.
type Hash struct {
	format  string
	memory  int64
	cost    int64
	matches func(password []byte) (bool, error)
}

// Format names the format as docs/reference/hashes.md does, such as "werkzeug-scrypt".
func (h Hash) Format() string { return h.format }

// Memory returns how much memory Verify takes, in bytes.
func (h Hash) Memory() int64 { return h.memory }

// Cost estimates how long Verify takes. The unit is the time that Argon2 takes for one
// KiB in one pass, which was about half a microsecond when cost.go was measured.
func (h Hash) Cost() int64 { return h.cost }

// Verify reports whether a password matches, in constant time for wrong passwords of one
// length. An error means that the Go runtime refuses the algorithm, as in FIPS mode.
func (h Hash) Verify(password string) (bool, error) { return h.matches([]byte(password)) }

// parsers has the parser of each format by the start of its strings: the name between the
// first two dollars, or the name up to the first colon or dollar. Parsers get the fields
// between dollars, from the name on.
var parsers = map[string]func(fields []string) (Hash, error){
	"scrypt:": werkzeugScrypt,
	"pbkdf2:": werkzeugPBKDF2,
	"md5$":    salted,
	"sha1$":   salted,
	"sha256$": salted,
	"sha512$": salted,

	"$2a$":               plainBcrypt,
	"$2b$":               plainBcrypt,
	"$2y$":               plainBcrypt,
	"bcrypt-sha256-hex$": flaskBcrypt,

	"$pbkdf2$":        passlibPBKDF2,
	"$pbkdf2-sha256$": passlibPBKDF2,
	"$pbkdf2-sha512$": passlibPBKDF2,
	"$scrypt$":        passlibScrypt,
	"$bcrypt-sha256$": passlibBcrypt,
	"$argon2d$":       argon2PHC,
	"$argon2i$":       argon2PHC,
	"$argon2id$":      argon2PHC,
	"$5$":             shaCrypt,
	"$6$":             shaCrypt,

	"pbkdf2_sha1$":   djangoPBKDF2,
	"pbkdf2_sha256$": djangoPBKDF2,
	"scrypt$":        djangoScrypt,
	"bcrypt$":        djangoBcrypt,
	"bcrypt_sha256$": djangoBcrypt,
	"argon2$":        djangoArgon2,

	"$firebase-scrypt$": firebaseScrypt,
}

// Parse reads a stored hash. Errors: [ErrUnknown], [ErrTooCostly].
func Parse(s string) (Hash, error) {
	if len(s) > MaxLength || !isPrintable(s) {
		return Hash{}, ErrUnknown
	}
	start := min(len(s), 1)
	if end := strings.IndexAny(s[start:], "$:"); end >= 0 {
		if parse := parsers[s[:start+end+1]]; parse != nil {
			return parse(strings.Split(strings.TrimPrefix(s, "$"), "$"))
		}
	}
	return Hash{}, ErrUnknown
}

// bounded returns a hash of a format if it is within the limits.
func bounded(format string, memory, cost int64, matches func([]byte) (bool, error)) (Hash, error) {
	if memory > MaxMemory || cost > MaxCost {
		return Hash{}, fmt.Errorf("%w (%s)", ErrTooCostly, format)
	}
	return Hash{format, memory, cost, matches}, nil
}

// equals returns a function that compares derived keys with a stored one.
func equals(stored []byte, derive func(password []byte) ([]byte, error)) func([]byte) (bool, error) {
	return func(password []byte) (bool, error) {
		key, err := derive(password)
		return err == nil && subtle.ConstantTimeCompare(key, stored) == 1, err
	}
}
