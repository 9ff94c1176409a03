package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
)

// CheckStored decodes a picture as [Source.Make] made it. It fails with ErrInvalid if the
// picture is not of the content type, and with ErrDamaged if it is broken, or has anything that
// Make does not write. Nothing is repaired as in an upload: a stored picture is whole, or its
// disk is not. It takes at most 4 bytes of memory for a pixel.
func CheckStored(data []byte, contentType string) error {
	decode, wantOwn, err := openStored(data, contentType)
	if err != nil {
		return err
	}
	if _, err = decode(bytes.NewReader(data)); err == nil {
		err = wantOwn()
	}
	if err != nil {
		return damaged(err)
	}
	return nil
}

// CheckStoredType is [CheckStored] without decoding: it looks at the header only.
func CheckStoredType(data []byte, contentType string) error {
	_, _, err := openStored(data, contentType)
	return err
}

// openStored looks at the header of a stored picture and returns its strict decoder, and what
// looks for parts that the decoder ignores.
func openStored(data []byte, contentType string) (decode func(io.Reader) (image.Image, error), wantOwn func() error, err error) {
	s, err := Open(data, Limits{MaxPixels: 1 << 24})
	if err != nil {
		return nil, nil, err
	}
	actual := ""
	switch f := s.file.(type) {
	case *pngFile:
		if f.depth > 8 || f.interlaced {
			return nil, nil, damaged(errForeign)
		}
		actual, decode, wantOwn = "image/png", png.Decode, f.wantOwnChunks
	case jpegFile:
		actual, decode, wantOwn = "image/jpeg", jpeg.Decode, func() error { return wantOwnSegments(data) }
	}
	if actual != contentType || actual == "" {
		return nil, nil, fmt.Errorf("%w: it is not of the type %s", ErrInvalid, contentType)
	}
	return decode, wantOwn, nil
}
