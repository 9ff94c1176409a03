package picture

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"testing"
)

func TestCheckStored(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	var asPNG, asJPEG bytes.Buffer
	if err := errors.Join(png.Encode(&asPNG, img), jpeg.Encode(&asJPEG, img, nil)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what        string
		data        []byte
		contentType string
		ok          bool
	}{
		{"png", asPNG.Bytes(), "image/png", true},
		{"jpeg", asJPEG.Bytes(), "image/jpeg", true},
		{"png as jpeg", asPNG.Bytes(), "image/jpeg", false},
		{"png without its end", asPNG.Bytes()[:asPNG.Len()-12], "image/png", false},
		{"jpeg without its end", asJPEG.Bytes()[:asJPEG.Len()-2], "image/jpeg", false},
		{"cut png", asPNG.Bytes()[:asPNG.Len()-20], "image/png", false},
		{"nothing", nil, "image/png", false},
		{"no type", []byte("hello"), "", false},
	} {
		if err := CheckStored(c.data, c.contentType); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
