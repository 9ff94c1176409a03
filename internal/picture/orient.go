package picture

import (
	"bytes"
	"image"

	"github.com/bep/imagemeta"
)

// upright is the EXIF orientation of a picture that needs no turning.
const upright = 1

// Limits on reading EXIF. The orientation is among the first tags and two bytes long.
// The size limit also stops tags that name many directories to walk.
const (
	maxEXIFTags    = 1000
	maxEXIFTagSize = 4
)

// exifMark begins the APP1 segment of a JPEG that has EXIF (Exif 2.32, 4.7.2). Some
// encoders write it into PNG and WebP chunks, too.
var exifMark = []byte("Exif\x00\x00")

func trimEXIFMark(chunk []byte) []byte { return bytes.TrimPrefix(chunk, exifMark) }

// orientation returns the EXIF orientation of the main picture, 1 to 8 (Exif 2.32,
// 4.6.4.A). A picture whose EXIF is missing or broken is upright.
//
// It takes the bare TIFF structure, which the formats find themselves. imagemeta would
// look for it in less strict ways, and allocate what a chunk claims to have.
func orientation(exif []byte) (o int) {
	o = upright
	defer func() {
		if recover() != nil {
			o = upright
		}
	}()
	_, _ = imagemeta.Decode(imagemeta.Options{
		R:            bytes.NewReader(exif),
		ImageFormat:  imagemeta.TIFF,
		Sources:      imagemeta.EXIF,
		LimitNumTags: maxEXIFTags,
		LimitTagSize: maxEXIFTagSize,
		// IFD0 describes the main picture, IFD1 the thumbnail.
		ShouldHandleTag: func(t imagemeta.TagInfo) bool {
			return t.Tag == "Orientation" && t.Namespace == "IFD0"
		},
		HandleTag: func(t imagemeta.TagInfo) error {
			if v, ok := t.Value.(uint16); ok && v >= 1 && v <= 8 {
				o = int(v)
			}
			return imagemeta.ErrStopWalking
		},
	})
	return o
}

// orient turns and mirrors a picture of EXIF orientation o to be upright.
func orient(img *image.RGBA, o int) *image.RGBA {
	if o <= upright || o > 8 {
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
