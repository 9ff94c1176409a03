package foreign

import (
	"strings"

	"github.com/cardea-accounts/cardea/internal/argon2"
)

// passlibPBKDF2 reads "$pbkdf2-sha256$29000$salt$key", and "$pbkdf2$" for SHA-1.
func passlibPBKDF2(fields []string) (Hash, error) {
	name := "sha1"
	if _, after, ok := strings.Cut(fields[0], "-"); ok {
		name = after
	}
	d := digests[name]
	if len(fields) != 4 {
		return Hash{}, ErrUnknown
	}
	iterations, okN := number(fields[1])
	salt, okSalt := decode(adapted, fields[2])
	key, ok := decodeKey(adapted, fields[3], d.size)
	if !okN || !okSalt || !ok {
		return Hash{}, ErrUnknown
	}
	return pbkdf2Hash("passlib-pbkdf2", d, iterations, salt, key)
}

// passlibScrypt reads "$scrypt$ln=16,r=8,p=1$salt$key", where N is 2^ln.
func passlibScrypt(fields []string) (Hash, error) {
	if len(fields) != 4 {
		return Hash{}, ErrUnknown
	}
	params, okParams := numbers(fields[1], "ln", "r", "p")
	salt, okSalt := decode(unpadded, fields[2])
	key, ok := decodeKey(unpadded, fields[3], 32)
	if !okParams || !okSalt || !ok {
		return Hash{}, ErrUnknown
	}
	return scryptHash("passlib-scrypt", scryptOf{1 << min(params[0], 31), params[1], params[2]}, salt, key)
}

var argon2Kinds = map[string]argon2.Kind{"argon2d": argon2.D, "argon2i": argon2.I, "argon2id": argon2.ID}

// argon2PHC reads "$argon2i$v=19$m=65536,t=3,p=4$salt$key", of passlib and argon2-cffi.
// Hashes of version 16, from before 2016, are unknown.
func argon2PHC(fields []string) (Hash, error) { return argon2Hash("argon2", fields) }

// Limits of Argon2 that RFC 9106 (section 3.1) gives or recommends, in bytes; the upper
// ones are this package's.
const (
	minArgon2Salt, minArgon2Key = 8, 4
	maxArgon2Bytes              = 128
	maxLanes                    = 64
)

func argon2Hash(format string, fields []string) (Hash, error) {
	if len(fields) != 5 || fields[1] != "v=19" {
		return Hash{}, ErrUnknown
	}
	kind, known := argon2Kinds[fields[0]]
	params, okParams := numbers(fields[2], "m", "t", "p")
	salt, okSalt := decode(unpadded, fields[3])
	key, ok := decode(unpadded, fields[4])
	if !known || !okParams || !okSalt || !ok || len(salt) < minArgon2Salt || len(salt) > maxArgon2Bytes ||
		len(key) < minArgon2Key || len(key) > maxArgon2Bytes {
		return Hash{}, ErrUnknown
	}
	kib, passes, lanes := params[0], params[1], params[2]
	if lanes > maxLanes || kib < 8*lanes {
		return Hash{}, ErrUnknown
	}
	return bounded(format, kib<<10, kib*passes, equals(key, func(password []byte) ([]byte, error) {
		return argon2.Key(kind, password, salt, uint32(passes), uint32(kib), uint8(lanes), uint32(len(key))), nil
	}))
}
