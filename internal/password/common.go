package password

import (
	_ "embed"
	"strings"
)

// common holds the list of [IsCommon]: one password a line, lower-case,
// sorted bytewise, every line ended by a newline.
//
//go:embed common.txt
var common string

// IsCommon reports whether password is one of the commonest ones, which OWASP
// ASVS 5.0 (6.2.4: at least the top 3,000 that the password policy would let
// through) and NIST SP 800-63B (the blocklist of commonly used passwords) want
// refused when a password is set. The whole password is compared, never a part
// of it, and case does not count: password is put through [strings.ToLower], so
// PASSWORD1 is as common as password1.
//
// The list has 14,981 entries of 8 to 64 bytes. It is the union of Royce
// Williams' lists as shipped with Django (BSD-3-Clause), of the password
// rankings of zxcvbn and zxcvbn-ts (MIT; counted from Mark Burnett's ten
// million passwords) and of two top 10,000 lists of SecLists (MIT), put in
// lower case and sorted. The file common.md tells how it was made and carries
// the licences.
func IsCommon(password string) bool {
	password = strings.ToLower(password)
	for list := common; list != ""; {
		// The line that the middle falls in: list is always whole lines.
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
