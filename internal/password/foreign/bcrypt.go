package foreign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// plainBcrypt reads "$2b$12$" and 53 characters of salt and key. The versions 2a, 2b and 2y
// compute the same; 2x and 2 were made by faulty programs, and are unknown.
//
// bcrypt reads the first 72 bytes of a password. Like most libraries, Verify ignores the
// rest. A NUL is a byte like any other; programs in C stopped there.
func plainBcrypt(fields []string) (Hash, error) {
	return bcryptHash("bcrypt", fields, func(password []byte) []byte { return password })
}

// flaskBcrypt reads what [FlaskBcryptLong] returns.
func flaskBcrypt(fields []string) (Hash, error) {
	return bcryptHash("flask-bcrypt-long", fields[1:], hexSHA256)
}

// FlaskBcryptLong marks a bcrypt hash as one of the SHA-256 of the password in hexadecimal.
// Flask-Bcrypt makes such hashes with BCRYPT_HANDLE_LONG_PASSWORDS, and nothing in them
// says so. The mark is "bcrypt-sha256-hex" before the first dollar.
func FlaskBcryptLong(hash string) string { return "bcrypt-sha256-hex" + hash }

// djangoBcrypt reads "bcrypt$" or "bcrypt_sha256$" and a bcrypt hash.
func djangoBcrypt(fields []string) (Hash, error) {
	if len(fields) < 2 || fields[1] != "" {
		return Hash{}, ErrUnknown
	}
	if fields[0] == "bcrypt" {
		return bcryptHash("django-bcrypt", fields[2:], func(password []byte) []byte { return password })
	}
	return bcryptHash("django-bcrypt-sha256", fields[2:], hexSHA256)
}

// passlibBcrypt reads "$bcrypt-sha256$v=2,t=2b,r=12$salt$key" of passlib 1.7.3 and later, and
// "$bcrypt-sha256$2b,12$salt$key" of earlier versions.
func passlibBcrypt(fields []string) (Hash, error) {
	if len(fields) != 4 {
		return Hash{}, ErrUnknown
	}
	salt, key := fields[2], fields[3]
	prepare := func(password []byte) []byte {
		mac := hmac.New(sha256.New, []byte(salt))
		mac.Write(password)
		return padded.AppendEncode(nil, mac.Sum(nil))
	}
	rounds, isSecond := strings.CutPrefix(fields[1], "v=2,t=2b,r=")
	version := "2b"
	if !isSecond {
		prepare = func(password []byte) []byte {
			sum := sha256.Sum256(password)
			return padded.AppendEncode(nil, sum[:])
		}
		version, rounds, _ = strings.Cut(fields[1], ",")
	}
	if len(rounds) == 1 { // as passlib writes it
		rounds = "0" + rounds
	}
	return bcryptHash("passlib-bcrypt-sha256", []string{version, rounds, salt + key}, prepare)
}

// hexSHA256 is shorter than bcrypt's 72 bytes, and has no NUL.
func hexSHA256(password []byte) []byte {
	sum := sha256.Sum256(password)
	return hex.AppendEncode(nil, sum[:])
}

// Lengths in bcrypt's base 64: 16 bytes of salt and 23 of the key.
const (
	bcryptSalt = 22
	bcryptKey  = 31
)

// bcryptHash returns a hash from the version, rounds, and salt with key of a bcrypt hash.
// prepare turns the password into the one that bcrypt hashes.
func bcryptHash(format string, fields []string, prepare func([]byte) []byte) (Hash, error) {
	if len(fields) != 3 || len(fields[2]) != bcryptSalt+bcryptKey || len(fields[1]) != 2 {
		return Hash{}, ErrUnknown
	}
	version := fields[0]
	rounds, ok := number(strings.TrimPrefix(fields[1], "0"))
	_, okSalt := decode(bcrypt64, fields[2][:bcryptSalt])
	_, okKey := decode(bcrypt64, fields[2][bcryptSalt:])
	isKnown := version == "2a" || version == "2b" || version == "2y"
	if !isKnown || !ok || !okSalt || !okKey || rounds < int64(bcrypt.MinCost) || rounds > int64(bcrypt.MaxCost) {
		return Hash{}, ErrUnknown
	}
	stored := []byte("$" + strings.Join(fields, "$"))
	return bounded(format, smallMemory, bcryptCost(rounds), func(password []byte) (bool, error) {
		err := bcrypt.CompareHashAndPassword(stored, prepare(password))
		if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			return false, nil
		}
		return err == nil, err
	})
}
