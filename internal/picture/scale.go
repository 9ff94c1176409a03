package picture

import (
	"image"
	"image/draw"

	xdraw "golang.org/x/image/draw"
)

// fit returns size shrunk so that neither side exceeds maxSide, keeping its
// aspect as far as whole pixels allow; each side stays at least 1. Sizes that
// fit are returned as they are.
func fit(size image.Point, maxSide int) image.Point {
	longest := max(size.X, size.Y)
	if longest <= maxSide {
		return size
	}
	side := func(n int) int {
		scaled := (int64(n)*int64(maxSide) + int64(longest)/2) / int64(longest)
		return max(1, int(scaled))
	}
	return image.Pt(side(size.X), side(size.Y))
}

// scale returns the canvas of f, scaled to fit maxSide.
//
// Most of a large reduction is done by averaging whole blocks of pixels, which
// is fast and, unlike sampling, lets no fine pattern alias; Catmull-Rom does
// what is left, less than halving. All of it works on premultiplied colour, so
// that transparent pixels lend no colour to their neighbours.
func scale(f frame, maxSide int) *image.RGBA {
	size := fit(f.canvas, maxSide)
	img := average(f, image.Pt(blocks(f.canvas.X, size.X), blocks(f.canvas.Y, size.Y)))
	img = resizeWidth(img, size.X)
	return resizeHeight(img, size.Y)
}

// blocks returns into how many blocks to divide n pixels that are to become
// target: at least target, and less than twice as many.
func blocks(n, target int) int {
	return n / (n / target)
}

// flatten draws the canvas of f as it is.
func flatten(f frame) *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: f.canvas})
	f.drawTo(img, image.Point{})
	return img
}

// drawTo draws the part of the canvas that begins at the point from onto the
// whole of img; where the frame does not reach, img stays as it is.
func (f frame) drawTo(img *image.RGBA, from image.Point) {
	draw.Draw(img, img.Rect, f.img, f.img.Bounds().Min.Add(from).Sub(f.at), draw.Src)
}

const (
	// resizeBand is how many rows or columns are resized at a time, so that the
	// scaler works on about a megabyte.
	resizeBand = 32

	// scalerPixel is how many bytes the scaler keeps for each pixel that it
	// works on.
	scalerPixel = 32
)

// resizeWidth resizes img to the width w, in bands of rows: when only the
// width changes rows do not depend on each other.
func resizeWidth(img *image.RGBA, w int) *image.RGBA {
	size := img.Rect.Size()
	if size.X == w {
		return img
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, size.Y))
	band := min(resizeBand, size.Y)
	scaler := xdraw.CatmullRom.NewScaler(w, band, size.X, band)
	for y := 0; y < size.Y; y += band {
		y0 := min(y, size.Y-band) // the last band overlaps the one before
		scaler.Scale(dst, image.Rect(0, y0, w, y0+band),
			img, image.Rect(0, y0, size.X, y0+band), xdraw.Src, nil)
	}
	return dst
}

// resizeHeight resizes img to the height h, in bands of columns.
func resizeHeight(img *image.RGBA, h int) *image.RGBA {
	size := img.Rect.Size()
	if size.Y == h {
		return img
	}
	dst := image.NewRGBA(image.Rect(0, 0, size.X, h))
	band := min(resizeBand, size.X)
	scaler := xdraw.CatmullRom.NewScaler(band, h, band, size.Y)
	for x := 0; x < size.X; x += band {
		x0 := min(x, size.X-band)
		scaler.Scale(dst, image.Rect(x0, 0, x0+band, h),
			img, image.Rect(x0, 0, x0+band, size.Y), xdraw.Src, nil)
	}
	return dst
}
