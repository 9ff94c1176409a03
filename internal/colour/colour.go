// Package colour makes readable pages out of any accent colour, by the contrast ratios of
// WCAG 2.2.
package colour

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Colour is a colour of sRGB.
type Colour struct{ R, G, B uint8 }

var errForm = errors.New("a colour such as #1a56c4")

// Parse reads a colour of three or six hexadecimal digits, such as #1a56c4 or #15c.
func Parse(text string) (Colour, error) {
	if len(text) == 4 {
		text = string([]byte{text[0], text[1], text[1], text[2], text[2], text[3], text[3]})
	}
	if len(text) != 7 || text[0] != '#' || text[1] == '+' || text[1] == '-' {
		return Colour{}, errForm
	}
	n, err := strconv.ParseUint(text[1:], 16, 24)
	if err != nil {
		return Colour{}, errForm
	}
	return Colour{uint8(n >> 16), uint8(n >> 8 & 0xff), uint8(n & 0xff)}, nil //nolint:gosec // bytes of 24 bits
}

// String writes the colour as in CSS.
func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// luminance is the relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance).
func (c Colour) luminance() float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func linear(value uint8) float64 {
	v := float64(value) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// Contrast is the contrast ratio of two colours, from 1 to 21
// (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
func Contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// Black and white. One of them has a contrast of at least 4.58 to any colour.
var (
	Black = Colour{}
	White = Colour{255, 255, 255}
)

// TextContrast is what text needs (WCAG 2.2, 1.4.3).
const TextContrast = 4.5

// On is the colour of text on a background: white if it can be read, else black.
func On(background Colour) Colour {
	if Contrast(White, background) >= TextContrast {
		return White
	}
	return Black
}

// Mix returns a colour that is a part of the way, from 0 to 1, from c to another.
func (c Colour) Mix(other Colour, part float64) Colour {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + part*(float64(b)-float64(a)))) }
	return Colour{mix(c.R, other.R), mix(c.G, other.G), mix(c.B, other.B)}
}

// steps is how finely Readable searches.
const steps = 32

// Readable returns the colour closest to c that can be read on all backgrounds: itself, or
// one on the way to black or white. The backgrounds are all light or all dark.
func (c Colour) Readable(backgrounds ...Colour) Colour {
	end := On(backgrounds[0])
	for i := range steps {
		mixed := c.Mix(end, float64(i)/steps)
		if isReadable(mixed, backgrounds) {
			return mixed
		}
	}
	return end
}

func isReadable(c Colour, backgrounds []Colour) bool {
	for _, background := range backgrounds {
		if Contrast(c, background) < TextContrast {
			return false
		}
	}
	return true
}
