package foreign

import (
	"strings"

	"github.com/go-crypt/x/crypt"
)

// Bounds of SHA-crypt (https://www.akkadia.org/drepper/SHA-crypt.txt).
const (
	defaultRounds = 5000
	minRounds     = 1000
	maxCryptSalt  = 16 // characters
)

// crypt64 is the alphabet of crypt(3).
const crypt64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// shaCrypt reads "$6$rounds=656000$salt$key" and "$6$salt$key": 5 for SHA-256, 6 for SHA-512.
//
// The work grows with the length of the password. A password that would take longer than
// MaxCost does not match.
func shaCrypt(fields []string) (Hash, error) {
	d, keyLength := digests["sha256"], 43
	if fields[0] == "6" {
		d, keyLength = digests["sha512"], 86
	}
	rounds := int64(defaultRounds)
	if len(fields) == 4 {
		given, ok := numbers(fields[1], "rounds")
		if !ok || given[0] < minRounds {
			return Hash{}, ErrUnknown
		}
		rounds, fields = given[0], fields[1:]
	}
	if len(fields) != 3 {
		return Hash{}, ErrUnknown
	}
	salt, key := fields[1], fields[2]
	if len(salt) > maxCryptSalt || len(key) != keyLength || strings.Trim(salt+key, crypt64) != "" {
		return Hash{}, ErrUnknown
	}
	matches := equals([]byte(key), func(password []byte) ([]byte, error) {
		if d.shaCryptCost(rounds, len(password)) > MaxCost {
			return nil, nil
		}
		return crypt.KeySHACrypt(d.new, password, []byte(salt), int(rounds)), nil
	})
	return bounded("sha-crypt", smallMemory, d.shaCryptCost(rounds, 0), matches)
}
