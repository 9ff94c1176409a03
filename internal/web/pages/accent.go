package pages

import (
	"fmt"

	"github.com/cardea-accounts/cardea/internal/colour"
)

// What text and links stand on, as in cardea.css: page and card.
var (
	lightGrounds = []colour.Colour{{R: 0xf5, G: 0xf6, B: 0xf8}, {R: 0xff, G: 0xff, B: 0xff}}
	darkGrounds  = []colour.Colour{{R: 0x1c, G: 0x21, B: 0x27}, {R: 0x12, G: 0x15, B: 0x1a}}
)

// hover is how far a button changes under the pointer: visible, but no other colour.
const hover = 0.14

// accentRules are the rules of the style sheet for an accent colour; empty without one, and
// the style sheet keeps its own.
func accentRules(accent *colour.Colour) string {
	if accent == nil {
		return ""
	}
	text := colour.On(*accent)
	away := colour.Black // from the text, so the contrast only grows
	if text == colour.Black {
		away = colour.White
	}
	return fmt.Sprintf(":root { --accent: %s; --accent-hover: %s; --on-accent: %s; --link: light-dark(%s, %s); }\n",
		accent, accent.Mix(away, hover), text, accent.Readable(lightGrounds...), accent.Readable(darkGrounds...))
}
