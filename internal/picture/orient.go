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

// orientation returns the EXIF orientation of the main picture, 1 to 8 (Exif
// 2.32, 4.6.4.A). Metadata is decoration: where it is missing, broken or
// absurd, the picture is upright.
func orientation(data []byte, f format) (o int) {
	kind := imagemeta.TIFF
	switch f {
	case formatPNG:
		data = cutEXIFMark(pngEXIF(data))
	case formatJPEG:
		kind = imagemeta.JPEG
	case formatWebP:
		data = cutEXIFMark(webpEXIF(data))
	case formatGIF:
		return upright // has no EXIF
	}
	o = upright
	defer func() {
		if recover() != nil {
			o = upright
		}
	}()
	_, _ = imagemeta.Decode(imagemeta.Options{
		R:            bytes.NewReader(data),
		ImageFormat:  kind,
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

// cutEXIFMark returns the TIFF structure in the EXIF chunk of a PNG or a WebP.
// Only a JPEG marks it, by "Exif" and two zeros (Exif 2.32, 4.7.2), to tell it
// from what else APP1 may hold; but some encoders write that segment as it is.
//
// The chunk is found here, not by imagemeta, as that takes no such mark, and
// allocates what the length of the chunk says, which may lie behind the pixels
// and be more than there is.
func cutEXIFMark(chunk []byte) []byte {
	return bytes.TrimPrefix(chunk, []byte("Exif\x00\x00"))
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
