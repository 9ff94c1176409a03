package password

import (
	_ "embed"
	"strings"
)

// common is the list behind [IsCommon]: one password a line, in lower case and
// sorted bytewise. Every line ends with a newline.
//
//go:embed common.txt
var common string

// IsCommon reports whether password is on a list of common passwords. It compares
// the whole password and ignores case.
//
// OWASP ASVS 5.0 (6.2.4) and NIST SP 800-63B require that common passwords are
// refused when a password is set. ASVS asks for at least the top 3,000 that match
// the password policy.
//
// The list has 14,981 entries of 8 to 64 bytes. common.md names its sources and
// holds their licences.
func IsCommon(password string) bool {
	password = strings.ToLower(password)
	for list := common; list != ""; {
		// Compare with the line in the middle. list always holds whole lines.
		start := strings.LastIndexByte(list[:len(list)/2], '\n') + 1
		end := start + strings.IndexByte(list[start:], '\n')
		switch line := list[start:end]; {
		case password < line:
			list = list[:start]
		case password > line:
			list = list[end+1:]
		default:
			return true
		}
	}
	return false
}
