package picture

import (
	"bytes"
	"image"

	"github.com/bep/imagemeta"
)

// upright is the EXIF orientation of a picture that needs no turning.
const upright = 1

// Limits on reading EXIF. The orientation is among the first tags and two bytes
// long. The size limit also keeps a tag from naming many further directories,
// each to be walked again.
const (
	maxEXIFTags    = 1000
	maxEXIFTagSize = 4
)

// exif returns the TIFF structure with the EXIF of a picture; nil if it has none. It
// is found here, not by imagemeta, which knows no fill bytes (ITU T.81, B.1.1.2) and
// no mark where none belongs, and allocates what the length of a chunk says, which may
// lie behind the pixels and be more than there is.
func (h *header) exif(data []byte) []byte {
	switch h.format {
	case formatJPEG:
		return h.jpeg.exif
	case formatPNG:
		return bytes.TrimPrefix(pngEXIF(data), exifMark)
	case formatWebP:
		return bytes.TrimPrefix(webpEXIF(data), exifMark)
	case formatGIF: // has none
	}
	return nil
}

// exifMark tells in a JPEG the EXIF from what else APP1 may hold (Exif 2.32, 4.7.2). Some
// encoders of PNG and WebP write the segment as it is, with the mark.
var exifMark = []byte("Exif\x00\x00")

// orientation returns the EXIF orientation of the main picture, 1 to 8 (Exif
// 2.32, 4.6.4.A). Metadata is decoration: where it is missing, broken or
// absurd, the picture is upright.
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

// orient turns and mirrors img so that a picture of EXIF orientation o is
// upright.
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

// uprightSize returns a size as it is displayed.
func uprightSize(size image.Point, o int) image.Point {
	if o >= 5 {
		return image.Pt(size.Y, size.X)
	}
	return size
}

// storedPart returns where a part of the upright picture lies in one of the
// given size and orientation.
func storedPart(part image.Rectangle, size image.Point, o int) image.Rectangle {
	x0, y0 := sourceOf(part.Min.X, part.Min.Y, size.X-1, size.Y-1, o)
	x1, y1 := sourceOf(part.Max.X-1, part.Max.Y-1, size.X-1, size.Y-1, o)
	return image.Rect(min(x0, x1), min(y0, y1), max(x0, x1)+1, max(y0, y1)+1)
}

// sourceOf returns which pixel of a picture of orientation o belongs at (x, y)
// of the upright one. The picture's last column is right, its last row bottom.
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
