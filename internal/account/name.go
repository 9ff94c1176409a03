package account

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/cardea-accounts/cardea/internal/text"
)

const (
	// maxName is in characters (code points), after normalisation.
	maxName = 100
	// maxTypedName bounds the work, in bytes. A character has up to 18 bytes before
	// normalisation (Unicode, "NFC expansion").
	maxTypedName = 2000
)

// normalName returns a name in Unicode NFC without surrounding spaces. If it is not
// acceptable, problem says why.
func normalName(typed string) (name, problem string) {
	if len(typed) > maxTypedName {
		return "", nameTooLong
	}
	name = norm.NFC.String(strings.TrimSpace(typed))
	switch {
	case !utf8.ValidString(typed):
		return "", "The name is not valid UTF-8."
	case !strings.ContainsFunc(name, text.ShowsAlone):
		return "", "Enter a name."
	case utf8.RuneCountInString(name) > maxName:
		return "", nameTooLong
	case strings.ContainsFunc(name, text.IsControl):
		return "", "The name must not contain control characters such as line breaks."
	}
	return name, ""
}

const nameTooLong = "The name is too long: at most 100 characters."
