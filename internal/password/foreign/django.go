package foreign

import "strings"

// djangoPBKDF2 reads "pbkdf2_sha256$260000$salt$key", with a salt of text.
func djangoPBKDF2(fields []string) (Hash, error) {
	d := digests[strings.TrimPrefix(fields[0], "pbkdf2_")]
	if len(fields) != 4 || fields[2] == "" {
		return Hash{}, ErrUnknown
	}
	iterations, okN := number(fields[1])
	key, ok := decodeKey(padded, fields[3], d.size)
	if !okN || !ok {
		return Hash{}, ErrUnknown
	}
	return pbkdf2Hash("django-pbkdf2", d, iterations, []byte(fields[2]), key)
}

// djangoScrypt reads "scrypt$16384$salt$8$5$key", where the numbers are N, r and p.
func djangoScrypt(fields []string) (Hash, error) {
	if len(fields) != 6 || fields[2] == "" {
		return Hash{}, ErrUnknown
	}
	n, okN := number(fields[1])
	r, okR := number(fields[3])
	p, okP := number(fields[4])
	key, ok := decodeKey(padded, fields[5], 64)
	if !okN || !okR || !okP || !ok {
		return Hash{}, ErrUnknown
	}
	return scryptHash("django-scrypt", scryptOf{n, r, p}, []byte(fields[2]), key)
}

// djangoArgon2 reads "argon2" and an Argon2 hash: "argon2$argon2id$v=19$…".
func djangoArgon2(fields []string) (Hash, error) { return argon2Hash("django-argon2", fields[1:]) }
