package picture

import (
	"context"
	"fmt"
)

// CheckStored decodes a picture as [Make] made it and reports, with
// [ErrInvalid], if it is broken or of another type than stated.
func CheckStored(data []byte, contentType string) error {
	h, err := inspect(data, Limits{MaxPixels: 1 << 24}, Crop{})
	if err != nil {
		return err
	}
	isPNG, isJPEG := h.format == formatPNG, h.format == formatJPEG // no other is stored
	if (!isPNG || contentType != "image/png") && (!isJPEG || contentType != "image/jpeg") {
		return invalid(fmt.Errorf("it is not of the type %s", contentType))
	}
	_, err = render(context.Background(), data, h, DefaultMaxSide)
	return err
}
