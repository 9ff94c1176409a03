package flask

import (
	"crypto/sha1" //nolint:gosec // Flask's cookies are signed with HMAC-SHA1
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"
)

// CookieName is what Flask calls its session cookie unless SESSION_COOKIE_NAME is set.
const CookieName = "session"

// Lifetime is how long Flask takes a cookie after it was issued, unless
// PERMANENT_SESSION_LIFETIME is set.
const Lifetime = 31 * 24 * time.Hour

const (
	// maxCookie is the longest cookie in bytes. Browsers keep none that is longer, with its
	// name and attributes (RFC 6265 section 6.1).
	maxCookie = 4 << 10
	// maxTime is the length of 8 bytes in base 64.
	maxTime = 11
	// oldEpoch is 2011-01-01. Releases of itsdangerous before 1.0 count seconds from it.
	oldEpoch = 1293840000
)

// ErrForged means that no key has signed the cookie as it is: it was forged, changed or
// cut, belongs to another app, or is too long for a cookie.
var ErrForged = errors.New("flask: not signed by any of the keys")

// base is how itsdangerous encodes. Strict, because otherwise four spellings of a signature
// would be valid.
var base = base64.RawURLEncoding.Strict()

// ID identifies a cookie: the SHA-256 of what its signature covers. Flask gives the same
// cookie to all who sign in to one account within one second.
type ID [sha256.Size]byte

// Cookie is a cookie whose signature is valid.
type Cookie struct {
	ID       ID
	IssuedAt time.Time // in whole seconds, by Flask's clock
	Source   string    // the name under which the users of the app were imported
	payload  string
	text     string
}

// Text is the whole cookie. Only its owner and the app know it, because of the signature.
func (c Cookie) Text() string { return c.text }

// Looks reports whether a value has the form of a Flask cookie. Tokens in JSON (RFC 7519)
// have it too.
func Looks(value string) bool { return strings.Count(strings.TrimPrefix(value, "."), ".") == 2 }

// Open verifies a cookie. It does not judge its age. Error: [ErrForged].
func (k Keys) Open(value string) (Cookie, error) {
	if len(value) > maxCookie {
		return Cookie{}, ErrForged
	}
	signed, signature, _ := cutLast(value)
	if len(signature) != base.EncodedLen(sha1.Size) {
		return Cookie{}, ErrForged // base64 skips line ends, so a longer one would be another spelling
	}
	mac, err := base.DecodeString(signature)
	if err != nil || len(mac) != sha1.Size {
		return Cookie{}, ErrForged
	}
	source, isSigned := k.verify([]byte(signed), mac)
	if !isSigned {
		return Cookie{}, ErrForged
	}
	payload, stamp, ok := cutLast(signed)
	issued, isTime := parseTime(stamp)
	if !ok || !isTime {
		return Cookie{}, ErrForged // another kind of value signed by the app
	}
	return Cookie{sha256.Sum256([]byte(signed)), issued, source, payload, value}, nil
}

// cutLast cuts a text at its last dot.
func cutLast(s string) (before, after string, ok bool) {
	at := strings.LastIndexByte(s, '.')
	if at < 0 {
		return "", s, false
	}
	return s[:at], s[at+1:], true
}

// parseTime reads seconds as a big-endian number in base 64: since 1970 or, if that would
// be before 2011, since 2011.
func parseTime(text string) (time.Time, bool) {
	if len(text) > maxTime {
		return time.Time{}, false
	}
	number, err := base.DecodeString(text)
	if err != nil || len(number) == 0 {
		return time.Time{}, false
	}
	var seconds int64
	for _, b := range number {
		seconds = seconds<<8 | int64(b)
	}
	if seconds < 0 || seconds > maxSeconds {
		return time.Time{}, false
	}
	if seconds < oldEpoch {
		seconds += oldEpoch
	}
	return time.Unix(seconds, 0).UTC(), true
}

// maxSeconds is the year 9999, so that times can be added to.
const maxSeconds = 253402300799
