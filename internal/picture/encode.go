package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
)

// jpegQuality is high enough that the artefacts of encoding once more do not
// show on a face.
const jpegQuality = 88

// encode writes img in the type that suits its source: see Normalize.
func encode(img *image.RGBA, h header) (*Picture, error) {
	p := &Picture{Width: img.Rect.Dx(), Height: img.Rect.Dy()}
	var buf bytes.Buffer
	var err error
	if keepsJPEG(img, h) {
		p.ContentType, p.Extension = "image/jpeg", "jpg"
		err = jpeg.Encode(&buf, img, &jpeg.Options{Quality: jpegQuality})
	} else {
		// An opaque image is written without an alpha channel.
		p.ContentType, p.Extension = "image/png", "png"
		err = png.Encode(&buf, img)
	}
	if err != nil {
		return nil, fmt.Errorf("picture: encode as %s: %w", p.ContentType, err)
	}
	p.Data = buf.Bytes()
	return p, nil
}

// keepsJPEG reports whether JPEG does img no harm beyond what its source did.
func keepsJPEG(img *image.RGBA, h header) bool {
	switch h.format {
	case formatJPEG:
		return true
	case formatWebP:
		return !h.webp.lossless && img.Opaque()
	case formatPNG, formatGIF:
		return false
	}
	return false
}
