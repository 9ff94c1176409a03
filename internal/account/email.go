package account

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/cardea-accounts/cardea/internal/text"
)

// maxEmail is the longest address that can be delivered to, in bytes (RFC 5321
// section 4.5.3.1.3, less the angle brackets).
const maxEmail = 254

// maxTypedEmail bounds the work, in bytes, with room for white space around the address.
const maxTypedEmail = 1 << 10

// normalEmail returns an address without surrounding spaces. If it is not acceptable,
// problem says why.
func normalEmail(typed string) (email, problem string) {
	isLong := len(typed) > maxTypedEmail
	if !isLong {
		email = strings.TrimSpace(typed)
	}
	switch {
	case isLong, len(email) > maxEmail:
		return "", "The e-mail address is too long: at most 254 bytes."
	case email == "":
		return "", "Enter an e-mail address."
	case !isAddress(email):
		return "", "This is not an e-mail address; it should look like name@example.com."
	}
	return email, ""
}

// isAddress accepts a bare address: no display name, brackets, comments, list, white
// space or invisible characters.
func isAddress(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !text.IsVisible(r) {
			return false
		}
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && isDomain(s[strings.LastIndexByte(s, '@')+1:])
}

// isDomain accepts letters and digits of any script, dots and hyphens. Characters that
// only look like a dot are refused.
func isDomain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.Nd) && r != '.' && r != '-'
	})
}

// EmailKey returns the form in which addresses are compared: canonical caseless matching
// (Unicode 16, section 3.13.5, D145), composed. Spellings that differ in case or in the
// form of accents share one key.
func EmailKey(email string) string {
	folded := cases.Fold().String(norm.NFD.String(strings.TrimSpace(email)))
	return norm.NFC.String(strings.Map(foldCherokee, folded))
}

// loginKey is the EmailKey of an address that a stranger typed. An address that is too long
// for an account gets a key that no account has. It costs no more than other addresses.
func loginKey(typed string) string {
	if len(typed) <= maxTypedEmail {
		if typed = strings.TrimSpace(typed); len(typed) <= maxEmail {
			return EmailKey(typed)
		}
	}
	return "\x01" + typed[:maxEmail]
}

// foldCherokee corrects the one script that x/text folds wrongly. There, both cases fold
// to the capital letters (Unicode's CaseFolding.txt), but x/text swaps them.
func foldCherokee(r rune) rune {
	if unicode.Is(unicode.Cherokee, r) {
		return unicode.ToUpper(r)
	}
	return r
}

// EmailProblem says in a sentence why a text is not an e-mail address; empty if it is one.
func EmailProblem(typed string) string {
	_, problem := normalEmail(typed)
	return problem
}
