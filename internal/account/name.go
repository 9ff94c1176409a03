package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is in characters (code points), after normalisation.
const maxName = 100

// normalName trims a name, brings it to NFC, and says what is wrong with it, if anything.
func normalName(typed string) (name, problem string) {
	name = norm.NFC.String(strings.TrimSpace(typed))
	switch {
	case !utf8.ValidString(typed):
		return "", "The name is not valid UTF-8."
	case !strings.ContainsFunc(name, isVisible):
		return "", "Enter a name."
	case utf8.RuneCountInString(name) > maxName:
		return "", "The name is too long: 100 characters at most."
	case strings.ContainsFunc(name, isControl):
		return "", "The name must not contain control characters such as line breaks."
	}
	return name, ""
}

// isVisible leaves out white space, what is not graphic, and graphic characters
// that show nothing by themselves (fillers, joiners, variation selectors).
func isVisible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// isControl names what can disturb the text around a name: control characters,
// line and paragraph separators, and the characters that reverse the direction of
// what follows (Unicode 16, section 23.2). Joiners, which some scripts and emoji
// need, are fine.
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' ||
		'\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}
