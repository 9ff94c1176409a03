package picture

import (
	"image"

	"github.com/cardea-accounts/cardea/internal/icc"
)

// convertColors converts all colours of a picture, in place.
func convertColors(img *image.RGBA, c *icc.Conversion) {
	for p := img.Pix; len(p) >= 4; p = p[4:] {
		a := uint32(p[3])
		if a == 0 {
			continue
		}
		if a == 255 {
			p[0], p[1], p[2] = c.Convert(p[0], p[1], p[2])
			continue
		}
		r, g, b := c.Convert(divide(p[0], a), divide(p[1], a), divide(p[2], a))
		p[0], p[1], p[2] = product(r, p[3]), product(g, p[3]), product(b, p[3])
	}
}

// divide undoes the multiplication of a colour by its alpha.
func divide(v uint8, a uint32) uint8 { return uint8(min(255, (uint32(v)*255+a/2)/a)) }
