// Package avatar draws default avatars, for users without a picture: initials on a
// colour, or a plain figure if the font lacks the initials.
//
// The same [Avatar] is always the same picture. [Avatar.Text] and [Parse] write and read
// it in a few bytes, for URLs.
package avatar

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
)

// Avatar is what a default avatar shows.
type Avatar struct {
	Initials string // at most two letters or digits that the font has; empty for a figure
	Colour   int    // of the background, from 0 to Colours-1
}

// letters is the font, Go Bold. It has Latin, Greek and Cyrillic (WGL4).
var letters = mustFont(gobold.TTF)

func mustFont(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err) // the font is part of the program
	}
	return f
}

// Of returns the avatar of a user with the given name. The seed picks the colour.
func Of(name string, seed uint32) Avatar {
	return Avatar{initials(name), int(seed % uint32(Colours))}
}

// initials returns the first letters or digits of the first and the last word that have
// any, in capitals. It returns "" if the font lacks one of them.
func initials(name string) string {
	var found []rune
	for word := range strings.FieldsSeq(name) {
		if i := strings.IndexFunc(word, isInitial); i >= 0 {
			r, _ := utf8.DecodeRuneInString(word[i:])
			found = append(found, unicode.ToUpper(r))
		}
	}
	if len(found) > 2 {
		found = []rune{found[0], found[len(found)-1]}
	}
	for _, r := range found {
		if !drawable(r) {
			return ""
		}
	}
	return string(found)
}

func isInitial(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// drawable reports whether the font has a character.
func drawable(r rune) bool {
	var buf sfnt.Buffer
	glyph, err := letters.GlyphIndex(&buf, r)
	return err == nil && glyph != 0
}

var errText = errors.New("avatar: malformed text")

// Text returns the avatar in a few bytes; see [Parse].
func (a Avatar) Text() string { return string(rune('a'+a.Colour)) + a.Initials }

// Parse reads what [Avatar.Text] wrote. It fails for every text that no avatar has.
func Parse(text string) (Avatar, error) {
	if text == "" || text[0] < 'a' || int(text[0]-'a') >= Colours {
		return Avatar{}, errText
	}
	a := Avatar{text[1:], int(text[0] - 'a')}
	if utf8.RuneCountInString(a.Initials) > 2 || !utf8.ValidString(a.Initials) {
		return Avatar{}, errText
	}
	for _, r := range a.Initials {
		if !isInitial(r) || !drawable(r) {
			return Avatar{}, errText
		}
	}
	return a, nil
}
