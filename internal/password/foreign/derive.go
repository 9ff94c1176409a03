package foreign

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // see digests
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // see digests
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"golang.org/x/crypto/scrypt"
)

// digest is a hash function by its name in Python.
type digest struct {
	new    func() hash.Hash
	size   int   // in bytes
	perKiB int64 // see cost.go; 0: not for PBKDF2
}

// digests are those that libraries offered for passwords. MD5 and SHA-1 are broken for
// signatures; a password behind them is as safe as it is hard to guess, until the login
// that replaces its hash.
var digests = map[string]digest{
	"md5":    {new: md5.New, size: md5.Size},
	"sha1":   {sha1.New, sha1.Size, sha1PerKiB},
	"sha256": {sha256.New, sha256.Size, sha256PerKiB},
	"sha512": {sha512.New, sha512.Size, sha512PerKiB},
}

// pbkdf2Hash returns a hash by PBKDF2 (RFC 8018 section 5.2), with a key as long as the
// digest.
func pbkdf2Hash(format string, d digest, iterations int64, salt, key []byte) (Hash, error) {
	return bounded(format, smallMemory, iterations/d.perKiB, equals(key, func(password []byte) ([]byte, error) {
		return pbkdf2.Key(d.new, string(password), salt, int(iterations), d.size)
	}))
}

// scryptOf holds the parameters of scrypt (RFC 7914 section 2).
type scryptOf struct{ n, r, p int64 }

// isValid reports whether scrypt can have these parameters. The limits on each keep their
// products in 64 bits; beyond them, scrypt would cost far too much.
func (s scryptOf) isValid() bool {
	return s.n > 1 && s.n&(s.n-1) == 0 && s.r > 0 && s.r <= 1024 && s.p > 0 && s.p <= 1024
}

// memory is what golang.org/x/crypto/scrypt allocates: V, B and two blocks for mixing.
func (s scryptOf) memory() int64 { return 128 * s.r * (s.n + s.p + 2) }

func (s scryptOf) derive(password, salt []byte, size int) ([]byte, error) {
	return scrypt.Key(password, salt, int(s.n), int(s.r), int(s.p), size)
}

// scryptHash returns a hash by scrypt with a key of any size.
func scryptHash(format string, s scryptOf, salt, key []byte) (Hash, error) {
	if !s.isValid() {
		return Hash{}, ErrUnknown
	}
	return bounded(format, s.memory(), s.cost(), equals(key, func(password []byte) ([]byte, error) {
		return s.derive(password, salt, len(key))
	}))
}

// macOrDigest returns what old versions of Werkzeug stored: an HMAC whose key is the salt,
// or the plain digest where the salt is empty.
func macOrDigest(d digest, salt, password []byte) []byte {
	h := d.new()
	if len(salt) > 0 {
		h = hmac.New(d.new, salt)
	}
	h.Write(password)
	return h.Sum(nil)
}
