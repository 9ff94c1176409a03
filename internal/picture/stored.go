package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
)

// CheckStored decodes a picture as [Source.Make] made it. It fails with ErrDamaged if the
// picture is broken or not of the content type. It accepts nothing that Open repairs: a
// stored picture is whole, or its disk is not.
func CheckStored(data []byte, contentType string) error {
	decode := map[string]func(io.Reader) (image.Image, error){
		"image/png": png.Decode, "image/jpeg": jpeg.Decode,
	}[contentType]
	if decode == nil {
		return damaged(fmt.Errorf("%q is not a type of stored pictures", contentType))
	}
	if _, err := Open(data, Limits{MaxPixels: 1 << 24}); err != nil {
		return damaged(err)
	}
	if _, err := decode(bytes.NewReader(data)); err != nil {
		return damaged(err)
	}
	return nil
}
