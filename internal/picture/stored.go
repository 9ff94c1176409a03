package picture

import (
	"context"
	"fmt"
)

// CheckStored decodes a picture as [Source.Make] made it. It fails with ErrInvalid if the
// picture is broken or not of the content type.
func CheckStored(data []byte, contentType string) error {
	s, err := openStored(data, contentType)
	if err != nil {
		return err
	}
	p, err := s.plan(Crop{})
	if err != nil {
		return err
	}
	_, _, err = s.render(context.Background(), p)
	return err
}

// CheckStoredType is [CheckStored] without decoding: it looks at the header only.
func CheckStoredType(data []byte, contentType string) error {
	_, err := openStored(data, contentType)
	return err
}

func openStored(data []byte, contentType string) (*Source, error) {
	s, err := Open(data, Limits{MaxPixels: 1 << 24})
	if err != nil {
		return nil, err
	}
	var actual string
	switch s.file.(type) {
	case pngFile:
		actual = "image/png"
	case jpegFile:
		actual = "image/jpeg"
	}
	if actual != contentType || actual == "" {
		return nil, invalid(fmt.Errorf("it is not of the type %s", contentType))
	}
	return s, nil
}
