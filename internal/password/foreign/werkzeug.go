package foreign

import (
	"crypto/subtle"
	"strings"
)

// werkzeugScrypt reads "scrypt:32768:8:1$salt$hex", of Werkzeug 2.3 and later. The salt is
// text.
func werkzeugScrypt(fields []string) (Hash, error) {
	params := strings.Split(fields[0], ":")
	if len(fields) != 3 || len(params) != 4 || fields[1] == "" {
		return Hash{}, ErrUnknown
	}
	n, okN := number(params[1])
	r, okR := number(params[2])
	p, okP := number(params[3])
	key, ok := decodeHex(fields[2], 64)
	if !okN || !okR || !okP || !ok {
		return Hash{}, ErrUnknown
	}
	return scryptHash("werkzeug-scrypt", scryptOf{n, r, p}, []byte(fields[1]), key)
}

// werkzeugPBKDF2 reads "pbkdf2:sha256:260000$salt$hex". All versions of Werkzeug store the
// number of iterations. Where it is missing, it depends on the version that verifies.
func werkzeugPBKDF2(fields []string) (Hash, error) {
	params := strings.Split(fields[0], ":")
	if len(fields) != 3 || len(params) != 3 || fields[1] == "" {
		return Hash{}, ErrUnknown
	}
	d := digests[params[1]]
	iterations, okN := number(params[2])
	key, ok := decodeHex(fields[2], d.size)
	if d.perKiB == 0 || !okN || !ok {
		return Hash{}, ErrUnknown
	}
	return pbkdf2Hash("werkzeug-pbkdf2", d, iterations, []byte(fields[1]), key)
}

// salted reads "sha256$salt$hex", the default of Werkzeug before 0.9. Django stored
// "sha1$salt$hex" and "md5$salt$hex" before 5.1, which look the same but are the digest of
// salt and password. Both are accepted: to match one by the other's rule, a password would
// have to be found for a random digest.
func salted(fields []string) (Hash, error) {
	d := digests[fields[0]]
	if len(fields) != 3 {
		return Hash{}, ErrUnknown
	}
	key, ok := decodeHex(fields[2], d.size)
	if !ok {
		return Hash{}, ErrUnknown
	}
	salt := []byte(fields[1])
	return bounded("salted-digest", smallMemory, 1, func(password []byte) (bool, error) {
		byWerkzeug := subtle.ConstantTimeCompare(macOrDigest(d, salt, password), key)
		byDjango := subtle.ConstantTimeCompare(macOrDigest(d, nil, append(salt[:len(salt):len(salt)], password...)), key)
		return byWerkzeug|byDjango == 1, nil
	})
}
