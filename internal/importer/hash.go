package importer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/password/foreign"
)

// acceptedHash says whether users can sign in with a hash, and names its format. isPrehashed
// means that bcrypt got a SHA-256 of the password, as Flask-Bcrypt does with
// BCRYPT_HANDLE_LONG_PASSWORDS.
func acceptedHash(hash string, isPrehashed bool) (stored, format string, err error) {
	const reset = "; --without-password brings the user, who then resets the password"
	hash = strings.TrimSpace(hash)
	if hash == "" || hash[0] == '!' { // Django's mark for users without a password
		return "", "none", reject{"no_password", "there is no password hash" + reset}
	}
	if isPrehashed && strings.HasPrefix(hash, "$2") {
		hash = foreign.FlaskBcryptLong(hash)
	}
	parsed, err := foreign.Parse(hash)
	switch {
	case password.IsAffordable(hash) && err != nil:
		return hash, "argon2id", nil
	case errors.Is(err, foreign.ErrTooCostly), err != nil && len(hash) <= foreign.MaxLength && isHuge(hash):
		return "", "too_costly", reject{"too_costly_hash", fmt.Sprintf("verifying the password hash would cost too much: "+
			"the limit is %d MiB of memory, or as much work as Argon2 with m=%d, t=1", foreign.MaxMemory>>20, foreign.MaxCost) + reset}
	case err != nil:
		return "", "unknown", reject{"unknown_hash", "the format of the password hash is not known" + reset}
	}
	return hash, parsed.Format(), nil
}

// isHuge reports whether a hash has a parameter that [foreign.Parse] does not read, because it is
// beyond 31 bits, and would cost too much with a smaller one.
func isHuge(hash string) bool {
	var smaller strings.Builder
	for word := range strings.FieldsFuncSeq(hash, func(c rune) bool { return strings.ContainsRune(":=,$", c) }) {
		n, err := strconv.ParseUint(word, 10, 64)
		isBeyond := n >= 1<<31 || errors.Is(err, strconv.ErrRange)
		at := strings.Index(hash, word)
		smaller.WriteString(hash[:at])
		if hash = hash[at+len(word):]; isBeyond {
			word = "536870912" // costs too much anywhere, and is a power of two, as scrypt needs
		}
		smaller.WriteString(word)
	}
	_, err := foreign.Parse(smaller.String() + hash)
	return errors.Is(err, foreign.ErrTooCostly)
}
