package picture

import (
	"image"
	"math"
	"sync"
)

// toSRGB takes colours of a profile to sRGB, which is what a picture without a
// profile is shown in.
type toSRGB struct {
	linear [3][256]float32
	matrix [3][3]float32 // to linear sRGB
	gray   bool
}

// xyzToSRGB takes XYZ under D50 to linear sRGB, as calculated by Bruce Lindbloom
// from IEC 61966-2-1, adapted from D65 by the method of Bradford.
var xyzToSRGB = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

// newToSRGB prepares the conversion. It returns nil where there is nothing to
// convert, as with the profile of sRGB itself.
func newToSRGB(p *profile) *toSRGB {
	c := &toSRGB{gray: p.gray}
	for i := range p.curves {
		for v, y := range p.curves[i] {
			c.linear[i][v] = float32(y)
		}
	}
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				c.matrix[i][j] += float32(xyzToSRGB[i][k] * p.matrix[k][j])
			}
		}
	}
	if c.changesNothing() {
		return nil
	}
	return c
}

// changesNothing tries some colours.
func (c *toSRGB) changesNothing() bool {
	const step = 15
	for r := 0; r < 256; r += step {
		for g := 0; g < 256; g += step {
			for b := 0; b < 256; b += step {
				if c.gray && (r != g || r != b) {
					continue
				}
				x, y, z := c.convert(uint8(r), uint8(g), uint8(b))
				if apart(x, r) || apart(y, g) || apart(z, b) {
					return false
				}
			}
		}
	}
	return true
}

func apart(a uint8, b int) bool { return int(a) > b+1 || int(a) < b-1 }

// convert converts a colour.
func (c *toSRGB) convert(r, g, b uint8) (uint8, uint8, uint8) {
	x, y, z := c.linear[0][r], c.linear[1][g], c.linear[2][b]
	if c.gray {
		v := encodeSRGB(x)
		return v, v, v
	}
	m := &c.matrix
	return encodeSRGB(m[0][0]*x + m[0][1]*y + m[0][2]*z),
		encodeSRGB(m[1][0]*x + m[1][1]*y + m[1][2]*z),
		encodeSRGB(m[2][0]*x + m[2][1]*y + m[2][2]*z)
}

// apply converts a picture.
func (c *toSRGB) apply(img *image.RGBA) {
	for p := img.Pix; len(p) >= 4; p = p[4:] {
		a := uint32(p[3])
		if a == 0 {
			continue
		}
		if a == 255 {
			p[0], p[1], p[2] = c.convert(p[0], p[1], p[2])
			continue
		}
		r, g, b := c.convert(divide(p[0], a), divide(p[1], a), divide(p[2], a))
		p[0], p[1], p[2] = product(r, p[3]), product(g, p[3]), product(b, p[3])
	}
}

// divide undoes the multiplication of a colour by its alpha.
func divide(v uint8, a uint32) uint8 { return uint8(min(255, (uint32(v)*255+a/2)/a)) }

// srgbSteps is fine enough for the steepest part of the curve, in which a step
// of light is 12.92 × 255 / srgbSteps = 0.2 of one of the result.
const srgbSteps = 1 << 14

// srgbCurve has the result by light (IEC 61966-2-1).
var srgbCurve = sync.OnceValue(func() *[srgbSteps + 1]uint8 {
	var t [srgbSteps + 1]uint8
	for i := range t {
		x := float64(i) / srgbSteps
		y := 12.92 * x
		if x > 0.0031308 {
			y = 1.055*math.Pow(x, 1/2.4) - 0.055
		}
		t[i] = uint8(math.Round(255 * y))
	}
	return &t
})

// encodeSRGB returns the value for an amount of light. What sRGB cannot show is
// clipped.
func encodeSRGB(light float32) uint8 {
	return srgbCurve()[int(min(max(light, 0), 1)*srgbSteps+0.5)]
}
