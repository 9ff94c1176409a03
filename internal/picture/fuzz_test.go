package picture_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

func FuzzMake(f *testing.F) {
	for _, data := range goodFiles(f) {
		f.Add(data)
	}
	for _, data := range lyingFiles() {
		f.Add(data)
	}
	f.Add(withSegment(encodeJPEG(quadrants(9, 9)), 0xe1, "Exif\x00\x00"+exif(6, "d")))
	f.Add(interlacedPNG(grey(9, 7, 40)))
	f.Add(flatPNG(9, 7, 16, 0, 0, "tRNS", "\x00\x01", "eXIf", exif(6, "d")))
	f.Add(withAdobe(flatJPEG(progressive, 20, 20, "CMYK", "\x22\x11\x11\x22"), 0))
	f.Add(webpFile("VP8L", flatPalette(20, 20)))
	f.Add(webpFile("VP8L", manyCodes(2)))
	files, _ := os.ReadDir("testdata")
	for _, file := range files {
		if !file.IsDir() {
			f.Add(testdata(f, file.Name()))
		}
	}
	lim := picture.Limits{MaxPixels: 1 << 14, MaxSide: 40}
	f.Fuzz(func(t *testing.T, data []byte) {
		weight, checked := picture.Check(data, lim, picture.Crop{})
		p, err := masterOf(data, lim)
		if checked != nil && (err == nil || err.Error() != checked.Error()) {
			t.Fatalf("Check says %v, Normalize %v", checked, err)
		}
		if (weight > 0) != (checked == nil) {
			t.Fatalf("weighs %d, %v", weight, checked)
		}
		if err != nil {
			known := errors.Is(err, picture.ErrInvalid) || errors.Is(err, picture.ErrTooLarge)
			if !known || p != nil || strings.Contains(err.Error(), "panicked") {
				t.Fatalf("got %v, %v", p, err)
			}
			return
		}
		decodeResult(t, p)
		if p.Width < 1 || p.Height < 1 || max(p.Width, p.Height) > lim.MaxSide {
			t.Fatalf("%d×%d", p.Width, p.Height)
		}
		// The result is a picture that we would take ourselves.
		if _, err := masterOf(p.Data, lim); err != nil {
			t.Fatal(err)
		}
	})
}
