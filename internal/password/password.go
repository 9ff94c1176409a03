// Package password hashes passwords for storage and checks passwords against
// stored hashes. It also knows the most common passwords.
//
// Hashes are Argon2id (RFC 9106), written as PHC strings
// (https://github.com/P-H-C/phc-string-format), which include their parameters:
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash. So hashes made with other parameters
// still verify, and [NeedsUpgrade] reports when to replace them.
//
// Users who come from another program bring its hashes. These verify too, by package
// foreign, and always need an upgrade.
//
// By design, hashing takes tens of milliseconds and [Params.Memory] of memory.
// Callers must bound how many hashes run at a time.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cardea-accounts/cardea/internal/argon2"
)

const (
	saltBytes = 16 // RFC 9106 section 3.1 recommends 16 bytes
	keyBytes  = 32
	lanes     = 1
)

// ErrMalformed means that a string is not a hash this package can verify.
var ErrMalformed = errors.New("password: malformed or unknown hash")

// hash is a parsed PHC string.
type hash struct {
	Params
	lanes uint8
	salt  []byte
	key   []byte
}

// Hash returns the PHC string of a password with a fresh salt.
func Hash(password string, p Params) string {
	h := hash{Params: p, lanes: lanes, salt: make([]byte, saltBytes)}
	rand.Read(h.salt)
	h.key = h.derive(password, keyBytes)
	return h.String()
}

// Decoy returns a well-formed hash that no password matches. Use it for unknown
// users: verifying it takes as long as verifying a real hash.
func Decoy(p Params) string {
	h := hash{Params: p, lanes: lanes, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}
	rand.Read(h.salt)
	rand.Read(h.key)
	return h.String()
}

// Verify reports whether a password matches a stored hash. Errors: those of [CostOf].
func Verify(password, stored string) (bool, error) {
	h, err := parse(stored)
	if err != nil {
		return verifyForeign(password, stored)
	}
	key := h.derive(password, uint32(len(h.key))) //nolint:gosec // parse allows at most 64 bytes
	return subtle.ConstantTimeCompare(key, h.key) == 1, nil
}

// NeedsUpgrade reports whether a hash is weaker than one made with p, or of another
// form. Replace it the next time the password is known.
func NeedsUpgrade(phc string, p Params) bool {
	h, err := parse(phc)
	return err != nil || h.Memory < p.Memory || h.Time < p.Time ||
		h.lanes != lanes || len(h.salt) < saltBytes || len(h.key) < keyBytes
}

func (h *hash) derive(password string, size uint32) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.Time, h.Memory, h.lanes, size)
}

// encoding is the base 64 of the PHC format: the standard alphabet without padding.
var encoding = base64.RawStdEncoding.Strict()

func (h *hash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.Memory, h.Time, h.lanes, encoding.EncodeToString(h.salt), encoding.EncodeToString(h.key))
}

// maxPHC bounds the strings that parse reads, in bytes. Hash returns about 97 bytes.
const maxPHC = 512

func parse(phc string) (*hash, error) {
	if len(phc) > maxPHC {
		return nil, ErrMalformed
	}
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return nil, ErrMalformed
	}
	h, err := parseParams(parts[3])
	if err != nil {
		return nil, err
	}
	if h.salt, err = decode(parts[4]); err != nil {
		return nil, err
	}
	if h.key, err = decode(parts[5]); err != nil {
		return nil, err
	}
	if h.String() != phc { // such as leading zeros and line breaks in base 64
		return nil, ErrMalformed
	}
	return h, nil
}

// parseParams reads "m=19456,t=2,p=1". The PHC format demands this order.
func parseParams(s string) (*hash, error) {
	names := [...]string{"m=", "t=", "p="}
	limits := [...]uint64{MaxMemory, MaxTime, 16}
	var values [3]uint64
	fields := strings.Split(s, ",")
	if len(fields) != len(names) {
		return nil, ErrMalformed
	}
	for i, field := range fields {
		digits, ok := strings.CutPrefix(field, names[i])
		v, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || v == 0 || v > limits[i] {
			return nil, ErrMalformed
		}
		values[i] = v
	}
	if values[0] < MinMemory*values[2] {
		return nil, ErrMalformed
	}
	return &hash{
		Params: Params{Memory: uint32(values[0]), Time: uint32(values[1])}, //nolint:gosec // within limits
		lanes:  uint8(values[2]),                                           //nolint:gosec // within limits
	}, nil
}

// decode reads a salt or key of 8 bytes, the least that RFC 9106 allows for a salt,
// to 64.
func decode(s string) ([]byte, error) {
	b, err := encoding.DecodeString(s)
	if err != nil || len(b) < 8 || len(b) > 64 {
		return nil, ErrMalformed
	}
	return b, nil
}
