package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
)

// jpegQuality is high enough that encoding a second time does not show.
const jpegQuality = 88

// pngEncoder trades slightly larger files for much less time.
var pngEncoder = png.Encoder{CompressionLevel: png.BestSpeed}

// encode writes img in the type that suits its source; see Make.
func (s *Source) encode(img *image.RGBA) (*Picture, error) {
	if s.file.keepsJPEG(img.Opaque()) {
		return encodeJPEG(img)
	}
	return encodePNG(img)
}

// encodeCrop writes img like encode, or as JPEG if img is opaque and JPEG takes less than
// half the bytes. That is so for photographs, but not for flat colours, whose edges
// JPEG would blur.
func (s *Source) encodeCrop(img *image.RGBA) (*Picture, error) {
	p, err := s.encode(img)
	if err != nil || p.Extension == "jpg" || !img.Opaque() {
		return p, err
	}
	j, err := encodeJPEG(img)
	if err != nil || 2*len(j.Data) < len(p.Data) {
		return j, err
	}
	return p, nil
}

func encodeJPEG(img *image.RGBA) (*Picture, error) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("picture: encode as JPEG: %w", err)
	}
	return &Picture{buf.Bytes(), "image/jpeg", "jpg", img.Rect.Dx(), img.Rect.Dy()}, nil
}

// encodePNG writes the smallest colour type that loses nothing.
func encodePNG(img *image.RGBA) (*Picture, error) {
	var buf bytes.Buffer
	if err := pngEncoder.Encode(&buf, simplest(img)); err != nil {
		return nil, fmt.Errorf("picture: encode as PNG: %w", err)
	}
	return &Picture{buf.Bytes(), "image/png", "png", img.Rect.Dx(), img.Rect.Dy()}, nil
}
