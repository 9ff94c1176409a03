package password

import (
	_ "embed"
	"strings"
)

// common has one password a line, in lower case, sorted bytewise. Every line ends
// with a newline.
//
//go:embed common.txt
var common string

// IsCommon reports whether password is one of the 14,981 most common passwords of 8
// to 64 bytes. It compares the whole password and ignores case.
//
// OWASP ASVS 5.0 (6.2.4, at least the top 3,000) and NIST SP 800-63B demand that
// such passwords are refused. The file common.md names the sources and their
// licences.
func IsCommon(password string) bool {
	password = strings.ToLower(password)
	for list := common; list != ""; {
		// The line in the middle. The list always has whole lines.
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
