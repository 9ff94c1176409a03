package picture

import (
	"image"
	"image/color"
)

// simplest returns img with one byte a pixel if that loses nothing: as grays, or with a
// palette of at most 256 colours.
func simplest(img *image.RGBA) image.Image {
	if gray := asGray(img); gray != nil {
		return gray
	}
	if few := asPaletted(img); few != nil {
		return few
	}
	return img
}

// asGray returns img as grays, or nil if a pixel is coloured or transparent.
func asGray(img *image.RGBA) *image.Gray {
	gray := image.NewGray(img.Rect)
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		from, to := img.Pix[img.PixOffset(img.Rect.Min.X, y):], gray.Pix[gray.PixOffset(img.Rect.Min.X, y):]
		for x := range img.Rect.Dx() {
			p := from[4*x : 4*x+4]
			if p[0] != p[1] || p[1] != p[2] || p[3] != 0xff {
				return nil
			}
			to[x] = p[0]
		}
	}
	return gray
}

// asPaletted returns img with a palette, or nil if it has more than 256 colours.
func asPaletted(img *image.RGBA) *image.Paletted {
	few := image.NewPaletted(img.Rect, nil)
	index := map[[4]byte]uint8{}
	var last [4]byte // neighbours are often alike
	var at uint8
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		from, to := img.Pix[img.PixOffset(img.Rect.Min.X, y):], few.Pix[few.PixOffset(img.Rect.Min.X, y):]
		for x := range img.Rect.Dx() {
			p := [4]byte(from[4*x : 4*x+4])
			if p != last || len(index) == 0 {
				var known bool
				if at, known = index[p]; !known {
					if len(index) == 256 {
						return nil
					}
					at = uint8(len(index)) //nolint:gosec // below 256
					index[p] = at
					few.Palette = append(few.Palette, color.RGBA{p[0], p[1], p[2], p[3]})
				}
				last = p
			}
			to[x] = at
		}
	}
	return few
}
