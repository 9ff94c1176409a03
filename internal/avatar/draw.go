package avatar

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// backgrounds are colours from all around the colour circle. White on them has a contrast
// of at least 4.5 (WCAG 2.2, 1.4.3).
var backgrounds = [...]color.RGBA{
	{0xb7, 0x1c, 0x1c, 0xff}, {0xad, 0x14, 0x57, 0xff}, {0x8e, 0x24, 0xaa, 0xff}, {0x6a, 0x1b, 0x9a, 0xff},
	{0x45, 0x27, 0xa0, 0xff}, {0x30, 0x3f, 0x9f, 0xff}, {0x15, 0x65, 0xc0, 0xff}, {0x01, 0x57, 0x9b, 0xff},
	{0x00, 0x60, 0x64, 0xff}, {0x00, 0x69, 0x5c, 0xff}, {0x2e, 0x7d, 0x32, 0xff}, {0x33, 0x69, 0x1e, 0xff},
	{0x82, 0x77, 0x17, 0xff}, {0xa6, 0x5d, 0x00, 0xff}, {0xbf, 0x36, 0x0c, 0xff}, {0x5d, 0x40, 0x37, 0xff},
}

// Colours is how many backgrounds there are.
const Colours = len(backgrounds)

// shades is how many colours there are from the background to white. That is enough for
// smooth edges, and much smaller than full colour.
const shades = 16

// PNG draws the avatar as a square of side pixels, from 1 to 4096.
func (a Avatar) PNG(side int) ([]byte, error) {
	mask := image.NewAlpha(image.Rect(0, 0, side, side))
	if a.Initials == "" {
		drawFigure(mask)
	} else if err := drawLetters(mask, a.Initials); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := png.Encode(&out, tint(mask, backgrounds[a.Colour])); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// drawLetters draws text in the middle.
func drawLetters(mask *image.Alpha, text string) error {
	side := mask.Rect.Dx()
	face, err := fittingFace(text, float64(side))
	if err != nil {
		return err
	}
	defer func() { _ = face.Close() }() // it cannot fail
	ink, advance := font.BoundString(face, text)
	capitals, _ := font.BoundString(face, "H") // without accents, which would push the letters down
	at := fixed.Point26_6{
		X: (fixed.I(side) - advance) / 2,
		Y: (fixed.I(side) + capitals.Max.Y - capitals.Min.Y) / 2,
	}
	at.Y += max(0, -ink.Min.Y-at.Y) // keep a high accent inside
	(&font.Drawer{Dst: mask, Src: image.Opaque, Face: face, Dot: at}).DrawString(text)
	return nil
}

// fittingFace returns the font at half the size of the square, or smaller if the text
// would be wider than three quarters of it.
func fittingFace(text string, side float64) (font.Face, error) {
	face, err := fontFace(side / 2)
	if err != nil {
		return nil, err
	}
	width := float64(font.MeasureString(face, text)) / 64
	if width <= 0.75*side {
		return face, nil
	}
	return fontFace(side / 2 * 0.75 * side / width)
}

// fontFace returns the font at a size in pixels.
func fontFace(size float64) (font.Face, error) {
	return opentype.NewFace(letters, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
}

// drawFigure draws head and shoulders.
func drawFigure(mask *image.Alpha) {
	side := float32(mask.Rect.Dx())
	r := vector.NewRasterizer(mask.Rect.Dx(), mask.Rect.Dy())
	r.DrawOp = draw.Over
	circle(r, 0.5*side, 0.38*side, 0.17*side)
	circle(r, 0.5*side, 0.98*side, 0.36*side)
	r.Draw(mask, mask.Rect, image.Opaque, image.Point{})
}

// circle adds a circle of four cubic curves, with the usual factor of 0.5523.
func circle(r *vector.Rasterizer, x, y, radius float32) {
	k := 0.5523 * radius
	r.MoveTo(x+radius, y)
	r.CubeTo(x+radius, y+k, x+k, y+radius, x, y+radius)
	r.CubeTo(x-k, y+radius, x-radius, y+k, x-radius, y)
	r.CubeTo(x-radius, y-k, x-k, y-radius, x, y-radius)
	r.CubeTo(x+k, y-radius, x+radius, y-k, x+radius, y)
	r.ClosePath()
}

// tint paints a mask in white on a background.
func tint(mask *image.Alpha, background color.RGBA) *image.Paletted {
	palette := make(color.Palette, shades)
	for i := range palette {
		palette[i] = mix(background, i)
	}
	out := image.NewPaletted(mask.Rect, palette)
	for i, a := range mask.Pix {
		out.Pix[i] = uint8((int(a)*(shades-1) + 127) / 255)
	}
	return out
}

// mix returns the colour i steps from the background to white.
func mix(from color.RGBA, i int) color.RGBA {
	towards := func(c uint8) uint8 { return uint8(int(c) + (255-int(c))*i/(shades-1)) } //nolint:gosec // at most 255
	return color.RGBA{towards(from.R), towards(from.G), towards(from.B), 0xff}
}
