package account

import (
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/store"
)

// StoredProblem says in a sentence what is wrong with a user's row by the rules of a
// registration; empty if nothing is. Use it for rows that came from elsewhere.
func StoredProblem(u store.User) string {
	name, problem := normalName(u.Name)
	switch email, emailProblem := normalEmail(u.Email); {
	case !isStoredID(u.ID):
		return "the id is not one of 1 to 64 letters, digits and hyphens"
	case problem != "":
		return "the name is not accepted: " + problem
	case name != u.Name:
		return "the name is not in its normal form"
	case emailProblem != "":
		return "the e-mail address is not accepted: " + emailProblem
	case email != u.Email, EmailKey(u.Email) != u.EmailKey:
		return "the e-mail address does not match the form that login compares"
	case u.PasswordHash != noPassword && !password.IsAffordable(u.PasswordHash):
		return "the password hash is damaged, or costs more than operators choose"
	case u.Language != "" && !isStoredID(u.Language):
		return "the language is not a tag"
	}
	return ""
}

// isStoredID reports whether an id can be part of an address, where _ ends it. Imported
// users keep their ids.
func isStoredID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
