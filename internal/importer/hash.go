package importer

import "github.com/cardea-accounts/cardea/internal/password"

// acceptedHash says whether users can sign in with a hash, and names its format.
func acceptedHash(hash string, _ bool) (stored, format string, err error) {
	switch {
	case hash == "":
		return "", "none", reject{"no_password", "there is no password hash; --without-password brings the user, who then resets the password"}
	case password.IsAffordable(hash):
		return hash, "argon2id", nil
	}
	return "", "unknown", reject{"unknown_hash", "the format of the password hash is not known; --without-password brings the user, who then resets the password"}
}
