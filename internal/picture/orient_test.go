package picture_test

import (
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// upright has the quarters of the upright picture, by EXIF orientation of the stored one;
// quarters are in the order of quadrants.
var upright = map[uint16]string{
	1: "RBGW", 2: "BRWG", 3: "WGBR", 4: "GWRB",
	5: "RGBW", 6: "GRWB", 7: "WBGR", 8: "BWRG",
	// Not orientations:
	0: "RBGW", 9: "RBGW", 65535: "RBGW",
}

// oddEXIF returns EXIF of an orientation as some writers have it: in a number of another
// type, in the other byte order, and behind an entry of a type that older readers do not
// know.
func oddEXIF(o uint16) map[string]string {
	little := string([]byte{byte(o), byte(o >> 8)})
	return map[string]string{
		"":              exif(o, "d"),
		", as BYTE":     "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x01\x00\x00\x00\x01" + string([]byte{byte(min(o, 255)), 0, 0, 0}) + "\x00\x00\x00\x00",
		", as LONG":     "II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x04\x00\x01\x00\x00\x00" + little + "\x00\x00\x00\x00\x00\x00",
		", after UTF-8": "II*\x00\x08\x00\x00\x00\x02\x00\x0e\x01\x81\x00\x03\x00\x00\x00abc\x00\x12\x01\x03\x00\x01\x00\x00\x00" + little + "\x00\x00\x00\x00\x00\x00",
	}
}

// Each format is shown upright, whatever its orientation and however it is written.
func TestOrientation(t *testing.T) {
	for o, want := range upright {
		for how, tiff := range oddEXIF(o) {
			for name, data := range map[string][]byte{
				"jpeg":                    withSegment(encodeJPEG(quadrants(48, 32)), 0xe1, "Exif\x00\x00"+tiff),
				"jpeg, behind fill bytes": slices.Insert(withSegment(encodeJPEG(quadrants(48, 32)), 0xe1, "Exif\x00\x00"+tiff), 2, 0xff, 0xff),
				"png":                     withPNGChunk(encodePNG(quadrants(48, 32)), "eXIf", tiff),
				"png, in the end":         withLastPNGChunk(encodePNG(quadrants(48, 32)), "eXIf", tiff),
				"webp":                    webpFile("VP8X", webpHeader(8, 48, 32), "VP8 ", string(testdata(t, "lossy.webp")[20:]), "EXIF", tiff),
				"webp, before the pixels": webpFile("VP8X", webpHeader(8, 48, 32), "EXIF", tiff, "VP8 ", string(testdata(t, "lossy.webp")[20:])),
				"webp, lossless":          webpFile("VP8X", webpHeader(8, 48, 32), "VP8L", string(testdata(t, "lossless.webp")[20:]), "EXIF", tiff),
			} {
				for _, side := range []int{48, 24} {
					p, m := normalize(t, data, picture.Limits{MaxSide: side})
					w, h := side, side*2/3
					if o >= 5 && o <= 8 {
						w, h = h, w
					}
					if s := readCorners(m); s != want || p.Width != w || p.Height != h {
						t.Errorf("%s orientation %d%s: %s %d×%d, want %s %d×%d", name, o, how, s, p.Width, p.Height, want, w, h)
					}
				}
			}
		}
	}
}

// turned has how to store a picture so that its orientation shows it upright: mirrored
// along the diagonal first, then from left to right and from top to bottom. It is
// another way to say what orient.go does (Exif 3.0, table 6).
var turned = map[uint16]struct{ diagonal, across, down bool }{
	1: {}, 2: {across: true}, 3: {across: true, down: true}, 4: {down: true},
	5: {diagonal: true}, 6: {diagonal: true, down: true}, 7: {diagonal: true, across: true, down: true}, 8: {diagonal: true, across: true},
}

// Every pixel is in its place.
func TestOrientationByPixels(t *testing.T) {
	want := drawScene(60, 40)
	for o, how := range turned {
		stored := image.NewNRGBA(image.Rect(0, 0, 60, 40))
		if how.diagonal {
			stored = image.NewNRGBA(image.Rect(0, 0, 40, 60))
		}
		for y := range 40 {
			for x := range 60 {
				u, v := x, y
				if how.diagonal {
					u, v = y, x
				}
				if how.across {
					u = stored.Rect.Dx() - 1 - u
				}
				if how.down {
					v = stored.Rect.Dy() - 1 - v
				}
				stored.Set(u, v, want.At(x, y))
			}
		}
		_, got := normalize(t, withPNGChunk(encodePNG(stored), "eXIf", exif(o, "d")), picture.Limits{})
		if rowsAlike(convert(image.NewNRGBA(want.Bounds()), got), convert(image.NewNRGBA(want.Bounds()), want)) != 40 {
			t.Errorf("png, orientation %d: another picture", o)
		}
		_, got = normalize(t, withSegment(encodeJPEG(stored), 0xe1, "Exif\x00\x00"+exif(o, "d")), picture.Limits{})
		if s := ssim(got, want); s < 0.95 {
			t.Errorf("jpeg, orientation %d: SSIM %.3f", o, s)
		}
	}
}

// Some encoders write the mark of a JPEG segment into a chunk, before the TIFF.
func TestMarkedEXIF(t *testing.T) {
	const mark = "Exif\x00\x00"
	chunks := webpChunks(testdata(t, "lossy_orientation6.webp"))
	exifAt := slices.Index(chunks, "EXIF") + 1
	chunks[exifAt] = mark + chunks[exifAt]
	for name, data := range map[string][]byte{
		"webp": webpFile(chunks...),
		"png":  withPNGChunk(encodePNG(quadrants(48, 32)), "eXIf", mark+exif(6, "d")),
	} {
		if p, m := normalize(t, data, picture.Limits{}); readCorners(m) != upright[6] || p.Width != 32 {
			t.Errorf("%s: corners %s, %d×%d", name, readCorners(m), p.Width, p.Height)
		}
	}
	for name, content := range map[string]string{
		"mark only": mark, "cut mark": mark[:5], "two marks": mark + chunks[exifAt], "empty": "", "cut": chunks[exifAt][:20],
	} {
		broken := slices.Clone(chunks)
		broken[exifAt] = content
		if _, m := normalize(t, webpFile(broken...), picture.Limits{}); readCorners(m) != "RBGW" {
			t.Errorf("%s: corners %s", name, readCorners(m))
		}
	}
}

// EXIF counts only where the format has it.
func TestEXIFElsewhereIsIgnored(t *testing.T) {
	lossy := testdata(t, "lossy.webp")
	for name, data := range map[string][]byte{
		"png, after the end":      append(encodePNG(quadrants(48, 32)), pngFile("eXIf", exif(6, "d"))[8:]...),
		"webp, after the end":     append(webpFile(webpChunks(lossy)...), webpFile("EXIF", exif(6, "d"))[12:]...),
		"webp, not in the header": webpFile("VP8X", webpHeader(0, 48, 32), "VP8 ", string(lossy[20:]), "EXIF", exif(6, "d")),
		"webp, no header":         webpFile("VP8 ", string(lossy[20:]), "EXIF", exif(6, "d")),
	} {
		if _, m := normalize(t, data, picture.Limits{}); readCorners(m) != "RBGW" {
			t.Errorf("%s: corners %s", name, readCorners(m))
		}
	}
}

// Broken metadata never spoils a good picture.
func TestBrokenMetadataIsIgnored(t *testing.T) {
	good := exif(6, "d")
	loop := "MM\x00*\x00\x00\x00\x08\x00\x01\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x08"
	for name, tiff := range map[string]string{
		"empty":           "",
		"no tiff":         "hello",
		"cut":             good[:20],
		"loops":           loop,
		"far directory":   "MM\x00*\xff\xff\xff\xff",
		"many tags":       "MM\x00*\x00\x00\x00\x08\xff\xff" + strings.Repeat("\x01\x00\x00\x03\x00\x00\x00\x01\x00\x01\x00\x00", 5000),
		"unknown type":    strings.Replace(good, "\x01\x12\x00\x03", "\x01\x12\x00\x63", 1),
		"many directions": strings.Replace(good, "\x01\x12\x00\x03\x00\x00\x00\x01", "\x01\x12\x00\x03\x00\x00\xff\xff", 1),
	} {
		data := withSegment(encodeJPEG(quadrants(48, 32)), 0xe1, "Exif\x00\x00"+tiff)
		if _, m := normalize(t, data, picture.Limits{}); readCorners(m) != "RBGW" {
			t.Errorf("%s: corners %s", name, readCorners(m))
		}
	}
}

// The orientation of an embedded thumbnail does not count.
func TestThumbnailOrientationIsIgnored(t *testing.T) {
	tiff := "MM\x00*\x00\x00\x00\x08" + "\x00\x00\x00\x00\x00\x0e" + // an empty IFD0, then IFD1
		"\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00" + "\x00\x00\x00\x00"
	data := withSegment(encodeJPEG(quadrants(48, 32)), 0xe1, "Exif\x00\x00"+tiff)
	if _, m := normalize(t, data, picture.Limits{}); readCorners(m) != "RBGW" {
		t.Errorf("corners %s", readCorners(m))
	}
}
