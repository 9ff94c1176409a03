// Package password turns passwords into hashes that are safe to keep, and checks
// passwords against them. It is pure: no storage, no rules about people.
//
// Hashes are Argon2id (RFC 9106), written as PHC strings
// (https://github.com/P-H-C/phc-string-format), which carry their own
// parameters: $argon2id$v=19$m=19456,t=2,p=1$salt$hash. So a hash made with
// other parameters still verifies, and [NeedsUpgrade] tells when it should be
// made anew.
//
// Hashing takes tens of milliseconds and [Params.Memory] of memory on purpose;
// callers bound how many run at a time.
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

// Params are the cost of an Argon2id hash; the number of lanes is always one,
// since the server's cores are better used by several hashes side by side.
type Params struct {
	Memory uint32 // KiB
	Time   uint32 // passes over the memory
}

// Default is the second of OWASP's equally strong minimum settings
// (OWASP Password Storage Cheat Sheet, Argon2id).
var Default = Params{Memory: 19456, Time: 2}

// minima are OWASP's equally strong settings: more memory with fewer passes or
// the other way round (OWASP Password Storage Cheat Sheet, Argon2id, lanes 1).
var minima = []Params{{47104, 1}, {19456, 2}, {12288, 3}, {9216, 4}, {7168, 5}}

// MeetsOWASP tells whether p is at least as costly as one of OWASP's minima.
func (p Params) MeetsOWASP() bool {
	for _, m := range minima {
		if p.Memory >= m.Memory && p.Time >= m.Time {
			return true
		}
	}
	return false
}

// Limits on parameters, for settings and for hashes that are read: RFC 9106
// section 3.1 asks for at least 8 KiB a lane; the upper ones keep one hash from
// taking the machine.
const (
	MinMemory = 8           // KiB
	MaxMemory = 4 * 1 << 20 // KiB, 4 GiB
	MaxTime   = 100
)

const (
	saltBytes = 16 // RFC 9106 section 3.1 recommends 16 bytes
	keyBytes  = 32
	lanes     = 1
)

// ErrMalformed: the string is not a hash that this package can verify.
var ErrMalformed = errors.New("password: malformed or unknown hash")

// hash is a parsed PHC string.
type hash struct {
	Params
	lanes uint8
	salt  []byte
	key   []byte
}

// Hash returns the PHC string of a password under a fresh salt.
func Hash(password string, p Params) string {
	h := hash{Params: p, lanes: lanes, salt: make([]byte, saltBytes)}
	rand.Read(h.salt)
	h.key = h.derive(password, keyBytes)
	return h.String()
}

// Decoy returns a well-formed hash that no password has. Verifying against it
// costs what verifying a real one costs: it stands in for people who do not exist.
func Decoy(p Params) string {
	h := hash{Params: p, lanes: lanes, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}
	rand.Read(h.salt)
	rand.Read(h.key)
	return h.String()
}

// Verify tells whether a password has the given hash, or returns [ErrMalformed].
func Verify(password, phc string) (bool, error) {
	h, err := parse(phc)
	if err != nil {
		return false, err
	}
	key := h.derive(password, uint32(len(h.key))) //nolint:gosec // parse allows at most 64 bytes
	return subtle.ConstantTimeCompare(key, h.key) == 1, nil
}

// WellFormed tells whether a string is a hash that [Verify] can compare with.
func WellFormed(phc string) bool {
	_, err := parse(phc)
	return err == nil
}

// SpendDifference takes as long as verifying a hash made with p takes longer than
// verifying the given one. It makes a wrong password for an old, cheaper hash cost
// what it costs for a new one.
func SpendDifference(phc string, p Params) {
	h, err := parse(phc)
	if err != nil {
		return
	}
	if rest := difference(p, h.Params); rest.Time > 0 {
		spend := hash{Params: rest, lanes: lanes, salt: h.salt}
		spend.derive("", keyBytes)
	}
}

// difference is what is left of p's cost, which is in proportion to memory times
// passes, after that of q; zero if nothing is.
func difference(p, q Params) Params {
	kib := int64(p.Memory)*int64(p.Time) - int64(q.Memory)*int64(q.Time)
	if kib < MinMemory {
		return Params{}
	}
	passes := (kib + int64(p.Memory) - 1) / int64(p.Memory)
	return Params{Memory: uint32(kib / passes), Time: uint32(passes)} //nolint:gosec // neither is more than p's
}

// NeedsUpgrade tells whether a hash is weaker than one made with p would be, or
// of another form, so that it should be made anew when the password is next known.
func NeedsUpgrade(phc string, p Params) bool {
	h, err := parse(phc)
	return err != nil || h.Memory < p.Memory || h.Time < p.Time ||
		h.lanes != lanes || len(h.salt) < saltBytes || len(h.key) < keyBytes
}

func (h *hash) derive(password string, size uint32) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.Time, h.Memory, h.lanes, size)
}

// encoding is the PHC format's base 64: the standard alphabet without padding.
var encoding = base64.RawStdEncoding.Strict()

func (h *hash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.Memory, h.Time, h.lanes, encoding.EncodeToString(h.salt), encoding.EncodeToString(h.key))
}

// maxPHC bounds what parse looks at; a string of this package has 97 bytes or a few more.
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
	if h.String() != phc { // leading zeros, line breaks in base 64
		return nil, ErrMalformed
	}
	return h, nil
}

// parseParams reads "m=19456,t=2,p=1", in this order, as the format demands.
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

// decode reads a salt or key: 8 bytes are the least that RFC 9106 recommends of
// a salt, 64 more than anybody stores.
func decode(s string) ([]byte, error) {
	b, err := encoding.DecodeString(s)
	if err != nil || len(b) < 8 || len(b) > 64 {
		return nil, ErrMalformed
	}
	return b, nil
}
