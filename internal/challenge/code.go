package challenge

import (
	"crypto/rand"
	"strings"
)

const (
	// alphabet has no vowels, so no words arise, and nothing that reads like another character.
	alphabet = "23456789BCDFGHJKMNPQRSTVWXYZ"
	// codeLength gives 28^8 codes, 38 bits. With [attempts] at each, and few challenges an
	// hour, guessing is hopeless (OWASP ASVS 5.0, 6.5.4 asks for 20 bits).
	codeLength = 8
	// maxTyped bounds what is looked at, in bytes: a code with separators.
	maxTyped = 64
)

// newCode returns a random code.
func newCode() string {
	code := make([]byte, 0, codeLength)
	random := make([]byte, 1)
	for len(code) < codeLength {
		rand.Read(random)
		// 252 is the largest multiple of 28 in a byte, so all characters are equally likely.
		if n := int(random[0]); n < 256/len(alphabet)*len(alphabet) {
			code = append(code, alphabet[n%len(alphabet)])
		}
	}
	return string(code)
}

// normalCode returns a typed code as it was made: in capitals, without spaces and hyphens.
// It is empty if it cannot be one.
func normalCode(typed string) string {
	if len(typed) > maxTyped {
		return ""
	}
	code := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -\u00a0\u2010\u2011\u2013\t\r\n", r) {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
	if len(code) != codeLength || strings.Trim(code, alphabet) != "" {
		return ""
	}
	return code
}
