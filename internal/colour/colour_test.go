package colour_test

import (
	"testing"

	"github.com/cardea-accounts/cardea/internal/colour"
)

// every calls f with colours all over the cube.
func every(f func(colour.Colour)) {
	for r := 0; r <= 255; r += 17 {
		for g := 0; g <= 255; g += 17 {
			for b := 0; b <= 255; b += 17 {
				f(colour.Colour{R: uint8(r), G: uint8(g), B: uint8(b)}) //nolint:gosec // at most 255
			}
		}
	}
}

// Whatever the accent, its text and its links can be read.
func TestAnyAccentCanBeRead(t *testing.T) {
	grounds := map[string][]colour.Colour{
		"light": {{R: 255, G: 255, B: 255}, {R: 0xf5, G: 0xf6, B: 0xf8}},
		"dark":  {{R: 0x14, G: 0x18, B: 0x1d}, {R: 0x1c, G: 0x21, B: 0x27}},
	}
	every(func(c colour.Colour) {
		if got := colour.Contrast(colour.On(c), c); got < colour.TextContrast {
			t.Errorf("text on %s: %.2f", c, got)
		}
		for scheme, backgrounds := range grounds {
			for _, background := range backgrounds {
				if got := colour.Contrast(c.Readable(backgrounds...), background); got < colour.TextContrast {
					t.Errorf("%s on %s pages: %.2f", c, scheme, got)
				}
			}
		}
	})
}

// A colour that can be read stays as it is.
func TestReadableColoursStay(t *testing.T) {
	blue := colour.Colour{R: 0x1a, G: 0x56, B: 0xc4}
	if got := blue.Readable(colour.White); got != blue {
		t.Errorf("%s has become %s", blue, got)
	}
}

func TestContrast(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		ratio float64
	}{{"#000", "#fff", 21}, {"#fff", "#fff", 1}, {"#777777", "#ffffff", 4.48}, {"#0000ff", "#ffffff", 8.59}} {
		a, _ := colour.Parse(c.a)
		b, _ := colour.Parse(c.b)
		if got := colour.Contrast(a, b); got < c.ratio-0.01 || got > c.ratio+0.01 {
			t.Errorf("%s and %s: %.2f, not %.2f", c.a, c.b, got, c.ratio)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"#1a56c4": "#1a56c4", "#1A56C4": "#1a56c4", "#15c": "#1155cc",
		"": "", "blue": "", "1a56c4": "", "#1a56c": "", "#1a56c4f": "", "#+12345": "", "#-12345": "", "#12_456": "", "#ggg": "", "é23": "", "rgb(0,0,0)": "",
	} {
		c, err := colour.Parse(text)
		if want == "" != (err != nil) || err == nil && c.String() != want {
			t.Errorf("%q is %s, %v", text, c, err)
		}
	}
}
