package importer

import (
	"errors"
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
	case errors.Is(err, foreign.ErrTooCostly):
		return "", "too_costly", reject{"too_costly_hash", "verifying the password hash would cost too much" + reset}
	case err != nil:
		return "", "unknown", reject{"unknown_hash", "the format of the password hash is not known" + reset}
	}
	return hash, parsed.Format(), nil
}
