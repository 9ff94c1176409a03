package picture_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

func FuzzPNG(f *testing.F) {
	for _, tiff := range []string{"", exif(6, "d")} {
		f.Add(flatPNG(9, 7, 16, 0, 0, "tRNS", "\x00\x01", "eXIf", tiff), 0, 0, 0)
	}
	f.Add(interlacedPNG(grey(9, 7, 40)), 1, 1, 5)
	f.Add(withPNGChunk(encodePNG(quadrants(9, 9)), "iCCP", "n\x00\x00"+compress([]byte(displayP3))), 0, 0, 0)
	f.Add(flatPNG(30, 20, 2, 3, 1, "PLTE", "RGBrgb", "tRNS", "A"), 0, 0, 0)
	for _, p := range rawPNGs() {
		f.Add(p.with(compress(p.rows[:len(p.rows)*19/20])), 0, 0, 0)
		f.Add(breakChecksums(p.with(compress(append(p.rows, 0, 0, 0)), "tRNS", "\x00")), 0, 0, 0)
	}
	fuzz(f, "\x89PNG")
}

func FuzzJPEG(f *testing.F) {
	for _, data := range jpegFiles(f) {
		f.Add(data, 3, 4, 20)
	}
	jpg := encodeJPEG(quadrants(9, 9))
	f.Add(withSegment(jpg, 0xe1, "Exif\x00\x00"+exif(6, "d")), 0, 0, 0)
	f.Add(withSegment(jpg, 0xe2, "ICC_PROFILE\x00\x01\x01"+displayP3), 0, 0, 9)
	f.Add(withAdobe(flatJPEG(progressive, 20, 20, "CMYK", "\x22\x11\x11\x22"), 0), 0, 0, 0)
	f.Add(withAdobe(flatJPEG(baseline, 20, 20, "RGB", "\x11\x11\x11"), 0), 0, 0, 0)
	f.Add(jpg[:len(jpg)-9], 0, 0, 0)
	f.Add(flatJPEG(progressive, 126, 126, "YBr", "\x42\x11\x11"), 60, 60, 8)
	fuzz(f, "\xff\xd8\xff")
}

func FuzzGIF(f *testing.F) {
	m := paletted(quadrants(9, 9))
	f.Add(encodeGIF(m, m), 0, 0, 0)
	f.Add(manyFrames(3), 8, 8, 8)
	f.Add(largeFrame(), 0, 0, 0)
	head, descriptor, pixels, _ := gifBlocks(encodeGIF(paletted(scene(40, 40))))
	f.Add(join(head[:6], make([]byte, 7), descriptor, pixels[:len(pixels)-9]), 0, 0, 0)
	f.Add(join(head, []byte(",\x00\x00\x00\x00\x09\x00\x00\x00\x00\x02\x00"), descriptor, pixels), 0, 0, 0)
	fuzz(f, "GIF8")
}

func FuzzWebP(f *testing.F) {
	f.Add(webpFile("VP8L", flatPalette(20, 20)), 0, 0, 0)
	f.Add(webpFile("VP8L", manyCodes(2)), 0, 0, 0)
	f.Add(webpFile("VP8 ", flatLossy(40, 40)), 0, 0, 0)
	f.Add(bytes.Replace(webpFile("VP8X", webpHeader(0, 40, 40), "EXIF", "odd", "VP8 ", flatLossy(40, 40)), []byte("odd\x00"), []byte("odd"), 1), 0, 0, 0)
	f.Add(webpFile("VP8X", webpHeader(0x28, 20, 20), "ICCP", displayP3, "VP8L", losslessHeader(20, 20).flat(), "EXIF", exif(6, "")), 0, 0, 0)
	fuzz(f, "RIFF")
}

// fuzz makes pictures of files of one format, which begin with the signature.
func fuzz(f *testing.F, signature string) {
	seeds := slices.Concat(slices.Collect(maps.Values(goodFiles(f))), slices.Collect(maps.Values(lyingFiles())))
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, data)
	}
	for _, data := range seeds {
		if bytes.HasPrefix(data, []byte(signature)) {
			f.Add(data, 0, 0, 0)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, x, y, side int) {
		if bytes.HasPrefix(data, []byte(signature)) {
			tryMake(t, data, picture.Crop{X: x, Y: y, Side: side})
		}
	})
}

// tryMake asserts everything that holds for any bytes and any crop.
func tryMake(t *testing.T, data []byte, crop picture.Crop) {
	lim := picture.Limits{MaxPixels: 1 << 14, MaxSide: 40}
	weight, checked := weigh(data, lim, crop)
	set, err := makeFrom(context.Background(), data, lim, crop)
	if checked != nil && (err == nil || err.Error() != checked.Error()) {
		t.Fatalf("Weight says %v, Make %v", checked, err)
	}
	if (weight > 0) != (checked == nil) {
		t.Fatalf("weighs %d, %v", weight, checked)
	}
	if err != nil {
		known := errors.Is(err, picture.ErrInvalid) || errors.Is(err, picture.ErrDamaged) || errors.Is(err, picture.ErrTooLarge) || errors.Is(err, picture.ErrCrop)
		if !known || set != nil || strings.Contains(err.Error(), "panicked") {
			t.Fatalf("got %v, %v", set, err)
		}
		return
	}
	for i, p := range append(set.Crops[:], set.Master) {
		decodeResult(t, p)
		longest := max(p.Width, p.Height)
		if p.Width < 1 || p.Height < 1 || i < len(picture.Sides) && longest > picture.Sides[i] || p == set.Master && longest > lim.MaxSide {
			t.Fatalf("%d: %d×%d", i, p.Width, p.Height)
		}
	}
	// The result is a picture that Open accepts.
	if _, err := masterOf(set.Master.Data, lim); err != nil {
		t.Fatal(err)
	}
}
