package icc

import (
	"math"
	"sync"
)

// Conversion takes colours of a profile to sRGB.
type Conversion struct {
	linear [3][256]float32
	matrix [3][3]float32 // to linear sRGB
	gray   bool
}

// xyzToSRGB takes XYZ under D50 to linear sRGB. Bruce Lindbloom calculated it from
// IEC 61966-2-1, adapted from D65 by the Bradford method.
var xyzToSRGB = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

// ToSRGB prepares the conversion to sRGB. It returns nil if no colour would change,
// as for the profile of sRGB itself.
func (p *Profile) ToSRGB() *Conversion {
	c := &Conversion{gray: p.gray}
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

// changesNothing reports whether a sample of all colours stays the same, give or
// take rounding.
func (c *Conversion) changesNothing() bool {
	const step = 15
	for r := 0; r < 256; r += step {
		for g := 0; g < 256; g += step {
			for b := 0; b < 256; b += step {
				if c.gray && (r != g || r != b) {
					continue
				}
				x, y, z := c.Convert(uint8(r), uint8(g), uint8(b))
				if apart(x, r) || apart(y, g) || apart(z, b) {
					return false
				}
			}
		}
	}
	return true
}

// apart reports whether two values differ by more than rounding.
func apart(a uint8, b int) bool { return int(a) > b+1 || int(a) < b-1 }

// Convert converts a colour. For gray profiles only r counts.
func (c *Conversion) Convert(r, g, b uint8) (uint8, uint8, uint8) {
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

// srgbSteps is how finely srgbCurve divides light. At its steepest, one step changes
// the result by 12.92 × 255 / srgbSteps = 0.2.
const srgbSteps = 1 << 14

// srgbCurve maps light to a value of sRGB (IEC 61966-2-1).
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

// encodeSRGB returns the value of sRGB for an amount of light. Light beyond its
// range is clipped.
func encodeSRGB(light float32) uint8 {
	return srgbCurve()[int(min(max(light, 0), 1)*srgbSteps+0.5)]
}
