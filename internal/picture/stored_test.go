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
	var asPNG, asJPEG, deep bytes.Buffer
	if err := errors.Join(png.Encode(&asPNG, img), png.Encode(&deep, image.NewRGBA64(img.Rect)), jpeg.Encode(&asJPEG, img, nil)); err != nil {
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
		{"png and a page", append(bytes.Clone(asPNG.Bytes()), "<script>"...), "image/png", false},
		{"png with a text", withChunk(asPNG.Bytes(), "tEXt"), "image/png", false},
		{"png with more pixels", withChunk(asPNG.Bytes(), "IDAT"), "image/png", false},
		{"deep png", deep.Bytes(), "image/png", false},
		{"jpeg and a page", append(bytes.Clone(asJPEG.Bytes()), "<script>"...), "image/jpeg", false},
		{"jpeg and a page that ends like one", append(bytes.Clone(asJPEG.Bytes()), "<script>\xff\xd9"...), "image/jpeg", false},
		{"jpeg with a comment", append([]byte("\xff\xd8\xff\xfe\x00\x0a<script>"), asJPEG.Bytes()[2:]...), "image/jpeg", false},
		{"nothing", nil, "image/png", false},
		{"no type", []byte("hello"), "", false},
	} {
		if err := CheckStored(c.data, c.contentType); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// withChunk puts a chunk before the end of a PNG.
func withChunk(data []byte, id string) []byte {
	end := len(data) - 12
	return append(appendPNGChunk(bytes.Clone(data[:end]), id, []byte("<script>")), data[end:]...)
}
