// Package avatar draws a face for somebody who has no picture: the initials of the
// name on a colour, or a plain figure where there are none that can be drawn.
//
// It is pure: the same [Face] is the same picture, everywhere and always. Text makes
// a Face short enough for an address; who may ask for which is the caller's to say.
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

// Face is what an avatar shows.
type Face struct {
	Initials string // at most two letters or digits, that the font has; empty: a figure
	Colour   int    // of the background, from 0 to Colours-1
}

// letters is the font: Go Bold has Latin, Greek and Cyrillic (WGL4).
var letters = mustFont(gobold.TTF)

func mustFont(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err) // the font is part of the program
	}
	return f
}

// Of returns the face of somebody of that name. The seed picks the colour.
func Of(name string, seed uint32) Face {
	return Face{initials(name), int(seed % uint32(Colours))}
}

// initials are the first letters or digits of the first and the last word that have
// any, in capitals; empty if the font lacks one of them.
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

// drawable tells whether the font has a character.
func drawable(r rune) bool {
	var buf sfnt.Buffer
	glyph, err := letters.GlyphIndex(&buf, r)
	return err == nil && glyph != 0
}

var errText = errors.New("avatar: not a face")

// Text is the face in a few bytes, see [Parse].
func (f Face) Text() string { return string(rune('a'+f.Colour)) + f.Initials }

// Parse is the reverse of [Face.Text]. It fails for anything that Of does not make.
func Parse(text string) (Face, error) {
	if text == "" || text[0] < 'a' || int(text[0]-'a') >= Colours {
		return Face{}, errText
	}
	f := Face{text[1:], int(text[0] - 'a')}
	if utf8.RuneCountInString(f.Initials) > 2 || !utf8.ValidString(f.Initials) {
		return Face{}, errText
	}
	for _, r := range f.Initials {
		if !isInitial(r) || !drawable(r) {
			return Face{}, errText
		}
	}
	return f, nil
}
