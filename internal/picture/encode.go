package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
)

// jpegQuality is high enough that the artefacts of encoding once more do not show
// on a face. Files are a sixth larger than at 80, and a tenth smaller than at 92.
const jpegQuality = 88

// pngEncoder takes a tenth to three quarters of the time of the default level,
// which can be more than a second, for files that are 6 to 23 % larger.
var pngEncoder = png.Encoder{CompressionLevel: png.BestSpeed}

// encode writes img in the type that suits its source: see Make.
func encode(img *image.RGBA, h header) (*Picture, error) {
	if h.keepsJPEG(img) {
		return encodeJPEG(img)
	}
	return encodePNG(img)
}

// encodeCrop writes img as encode does, or, if nothing of it is transparent, as
// JPEG where that takes less than half: so for photographs, but not for flat colours,
// whose edges JPEG would blur.
func encodeCrop(img *image.RGBA, h header) (*Picture, error) {
	p, err := encode(img, h)
	if err != nil || p.Extension == "jpg" || !img.Opaque() {
		return p, err
	}
	j, err := encodeJPEG(img)
	if err != nil || 2*len(j.Data) < len(p.Data) {
		return j, err
	}
	return p, nil
}

// keepsJPEG reports whether JPEG does img no harm beyond what its source did.
func (h *header) keepsJPEG(img *image.RGBA) bool {
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

func encodeJPEG(img *image.RGBA) (*Picture, error) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("picture: encode as JPEG: %w", err)
	}
	return &Picture{buf.Bytes(), "image/jpeg", "jpg", img.Rect.Dx(), img.Rect.Dy()}, nil
}

// encodePNG writes no alpha channel if nothing is transparent, and grays and few
// colours as such.
func encodePNG(img *image.RGBA) (*Picture, error) {
	var buf bytes.Buffer
	if err := pngEncoder.Encode(&buf, simplest(img)); err != nil {
		return nil, fmt.Errorf("picture: encode as PNG: %w", err)
	}
	return &Picture{buf.Bytes(), "image/png", "png", img.Rect.Dx(), img.Rect.Dy()}, nil
}
