// Package text judges characters in text that strangers send: what is visible, and
// what could disturb the text around it.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// blanks are characters that Unicode counts as letters or symbols, and fonts draw as
// nothing: braille without dots, blank hieroglyphs, a null note head, a place for an object.
const blanks = "\u2800\ufffc\U00013441\U00013442\U0001d159"

// IsVisible reports whether r shows something. White space, control characters, fillers,
// joiners, variation selectors and blank symbols do not.
func IsVisible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !strings.ContainsRune(blanks, r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// ShowsAlone reports whether r shows something by itself. Marks need a letter before them.
func ShowsAlone(r rune) bool { return IsVisible(r) && !unicode.In(r, unicode.Mn, unicode.Me) }

// IsControl reports whether r can disturb the text around it: control characters, line
// and paragraph separators, and the characters that change the direction of the text
// after them (Unicode 16, section 23.2). Joiners are fine; some scripts and emoji need them.
func IsControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' ||
		'\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}

// Printable removes control characters and invalid UTF-8 from s and cuts the rest to at
// most limit bytes, between characters.
func Printable(s string, limit int) string {
	if len(s) > 4*limit { // far more than can be kept; do not walk all of it
		s = s[:4*limit]
	}
	s = strings.Map(func(r rune) rune {
		if IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	for len(s) > limit {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
