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
// picture is not of the content type, and with ErrDamaged if it is broken. Nothing is
// repaired as in an upload: a stored picture is whole, or its disk is not.
func CheckStored(data []byte, contentType string) error {
	decode, err := openStored(data, contentType)
	if err != nil {
		return err
	}
	if _, err := decode(bytes.NewReader(data)); err != nil {
		return damaged(err)
	}
	return nil
}

// CheckStoredType is [CheckStored] without decoding: it looks at the header only.
func CheckStoredType(data []byte, contentType string) error {
	_, err := openStored(data, contentType)
	return err
}

// openStored looks at the header of a stored picture and returns its strict decoder.
func openStored(data []byte, contentType string) (func(io.Reader) (image.Image, error), error) {
	s, err := Open(data, Limits{MaxPixels: 1 << 24})
	if err != nil {
		return nil, err
	}
	actual, decode := "", png.Decode
	switch s.file.(type) {
	case *pngFile:
		actual = "image/png"
	case jpegFile:
		actual, decode = "image/jpeg", jpeg.Decode
	}
	if actual != contentType || actual == "" {
		return nil, fmt.Errorf("%w: it is not of the type %s", ErrInvalid, contentType)
	}
	return decode, nil
}
