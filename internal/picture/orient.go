package picture

import (
	"image"

	"github.com/cardea-accounts/cardea/internal/exif"
)

// orient turns and mirrors a picture of EXIF orientation o to be upright.
func orient(img *image.RGBA, o int) *image.RGBA {
	if o <= exif.Upright || o > 8 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	dst := image.NewRGBA(image.Rectangle{Max: uprightSize(img.Rect.Size(), o)})
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			sx, sy := sourceOf(x, y, w-1, h-1, o)
			copy(dst.Pix[dst.PixOffset(x, y):][:4], img.Pix[img.PixOffset(sx, sy):][:4])
		}
	}
	return dst
}

// uprightSize returns the size as displayed of a picture of orientation o.
func uprightSize(size image.Point, o int) image.Point {
	if o >= 5 {
		return image.Pt(size.Y, size.X)
	}
	return size
}

// storedPart returns where a part of the upright picture lies in the stored one, which
// has the given size and orientation.
func storedPart(part image.Rectangle, size image.Point, o int) image.Rectangle {
	x0, y0 := sourceOf(part.Min.X, part.Min.Y, size.X-1, size.Y-1, o)
	x1, y1 := sourceOf(part.Max.X-1, part.Max.Y-1, size.X-1, size.Y-1, o)
	return image.Rect(min(x0, x1), min(y0, y1), max(x0, x1)+1, max(y0, y1)+1)
}

// sourceOf returns which pixel of a stored picture of orientation o belongs at (x, y) of
// the upright one. Right and bottom are the stored picture's last column and row.
func sourceOf(x, y, right, bottom, o int) (int, int) {
	switch o {
	case 2: // mirrored
		return right - x, y
	case 3: // upside down
		return right - x, bottom - y
	case 4: // upside down, mirrored
		return x, bottom - y
	case 5: // lying on its left side, mirrored
		return y, x
	case 6: // lying on its left side: to be turned clockwise
		return y, bottom - x
	case 7: // lying on its right side, mirrored
		return right - y, bottom - x
	case 8: // lying on its right side: to be turned anticlockwise
		return right - y, x
	}
	return x, y
}
