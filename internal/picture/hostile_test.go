package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// goodFiles returns a picture of each type.
func goodFiles(t testing.TB) map[string][]byte {
	m := quadrants(48, 32)
	return map[string][]byte{
		"png": encodePNG(m), "jpeg": encodeJPEG(m), "progressive": testdata(t, "progressive.jpg"),
		"gif": encodeGIF(paletted(m)), "lossy": testdata(t, "lossy.webp"),
		"alpha": testdata(t, "lossy_alpha.webp"), "raw alpha": testdata(t, "lossy_alpha_raw.webp"),
		"lossless": testdata(t, "lossless.webp"), "animated": testdata(t, "animated.webp"),
	}
}

// wantRefused asserts that data is refused, quietly and with the given error.
func wantRefused(t *testing.T, what string, data []byte, want error) {
	t.Helper()
	p, err := masterOf(data, picture.Limits{})
	if !errors.Is(err, want) || p != nil {
		t.Errorf("%s: got %v, %v", what, p, err)
	}
	if err != nil && strings.Contains(err.Error(), "panicked") {
		t.Errorf("%s: %v", what, err)
	}
}

func TestNotPictures(t *testing.T) {
	jpg := encodeJPEG(quadrants(8, 8))
	for name, data := range map[string]string{
		"empty":           "",
		"one byte":        "\xff",
		"text":            "hello",
		"html":            "<!DOCTYPE html><script>alert(1)</script>",
		"svg":             `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`,
		"html then jpeg":  "<script>alert(1)</script>" + string(jpg),
		"space then jpeg": " " + string(jpg),
		"pdf":             "%PDF-1.7\n",
		"bmp":             "BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00",
		"tiff":            "II*\x00\x08\x00\x00\x00",
		"other riff":      "RIFF\x04\x00\x00\x00WAVE",
	} {
		wantRefused(t, name, []byte(data), picture.ErrInvalid)
	}
	for name, data := range map[string]string{
		"jpeg signature":    "\xff\xd8\xff",
		"png signature":     "\x89PNG\r\n\x1a\n",
		"gif signature":     "GIF89a",
		"webp signature":    "RIFF\x04\x00\x00\x00WEBP",
		"gif and script":    "GIF89a\x3d\x00\x3d\x00=1;alert(1)//",
		"png without size":  string(pngFile("IHDR", pngHeader(0, 5, 0))),
		"png out of range":  string(pngFile("IHDR", pngHeader(1<<31, 5, 0), "IDAT", "")),
		"png far out":       string(pngFile("IHDR", pngHeader(5, 1<<32-1, 0), "IDAT", "")),
		"png late header":   string(pngFile("tEXt", "", "IHDR", pngHeader(5, 5, 0), "IDAT", "")),
		"png without data":  string(pngFile("IHDR", pngHeader(5, 5, 0), "IEND", "")),
		"webp unknown":      string(webpFile("ABCD", "")),
		"webp empty chunk":  string(webpFile("VP8 ", "")),
		"webp short header": string(webpFile("VP8X", "\x00")),
		"webp no frame":     string(webpFile("VP8X", webpHeader(0, 9, 9), "EXIF", "")),
	} {
		wantRefused(t, name, []byte(data), picture.ErrDamaged)
	}
}

// A file that is cut off is refused, or has nearly all of its pixels.
func TestTruncated(t *testing.T) {
	for name, data := range goodFiles(t) {
		_, whole := normalize(t, data, picture.Limits{})
		for n := range data {
			p, err := masterOf(data[:n], picture.Limits{})
			switch {
			case err == nil:
				if apart := difference(decodeResult(t, p), whole); apart > 255*0.11 {
					t.Errorf("%s, cut to %d of %d: colours are off by %.0f", name, n, len(data), apart)
				}
			case !errors.Is(err, picture.ErrDamaged) && n >= len("RIFF----WEBP"):
				t.Errorf("%s, cut to %d: %v", name, n, err)
			}
		}
	}
}

// Broken data is refused or decoded, without a panic or another error.
func TestBrokenBytes(t *testing.T) {
	for name, data := range goodFiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := 0; i < len(data); i += 1 + len(data)/300 {
				broken := bytes.Clone(data)
				broken[i] ^= []byte{0x01, 0xff}[i%2]
				_, err := masterOf(broken, picture.Limits{MaxPixels: 1 << 13, MaxSide: 8})
				if err != nil && !errors.Is(err, picture.ErrInvalid) && !errors.Is(err, picture.ErrDamaged) && !errors.Is(err, picture.ErrTooLarge) {
					t.Errorf("byte %d: %v", i, err)
				}
				if err != nil && strings.Contains(err.Error(), "panicked") {
					t.Errorf("byte %d: %v", i, err)
				}
			}
		})
	}
}

// A picture that is another kind of file, too, is stored as a picture only.
func TestPolyglot(t *testing.T) {
	const script = "*/=1;alert(document.cookie)/*"
	data := withSegment(encodeJPEG(quadrants(48, 32)), 0xfe, script)
	data = append(data, "PK\x03\x04 a zip <?php evil() ?>"...)
	p, m := normalize(t, data, picture.Limits{})
	if readCorners(m) != "RBGW" || bytes.Contains(p.Data, []byte("alert")) || bytes.Contains(p.Data, []byte("php")) {
		t.Error("the other half survived")
	}
}

// lyingFiles returns small files that claim to be large: with too many pixels, or with
// pixels that take too much memory.
func lyingFiles() map[string][]byte {
	lossless := []byte("\x2f\xff\xff\xff\x0f\x00\x00\x00\x00\x00")
	heavy := func(frame byte, ids, sampling string) []byte {
		return claimSize(flatJPEG(frame, 8, 8, ids, sampling), frame, 7000, 7000)
	}
	return map[string][]byte{
		"png":           pngFile("IHDR", pngHeader(50000, 50000, 0), "IDAT", ""),
		"png long":      pngFile("IHDR", pngHeader(1<<31-1, 1, 0), "IDAT", ""),
		"png largest":   pngFile("IHDR", pngHeaderOf(1<<31-1, 1<<31-1, 16, 6, 0), "IDAT", ""),
		"jpeg":          claimSize(encodeJPEG(quadrants(8, 8)), baseline, 50000, 50000),
		"gif":           []byte("GIF89a\x50\xc3\x50\xc3\x00\x00\x00,\x00\x00\x00\x00\x50\xc3\x50\xc3\x00\x08"),
		"webp lossy":    webpFile("VP8 ", "\x10\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f"),
		"webp lossless": webpFile("VP8L", string(lossless)),

		"png of one column":      pngFile("IHDR", pngHeader(1, 1<<16, 0), "IDAT", ""),
		"heavy png":              pngFile("IHDR", pngHeaderOf(7000, 7000, 16, 6, 0), "IDAT", ""),
		"heavy png interlaced":   pngFile("IHDR", pngHeaderOf(7000, 7000, 8, 6, 1), "IDAT", ""),
		"heavy png transparent":  pngFile("IHDR", pngHeaderOf(7000, 7000, 16, 0, 0), "tRNS", "\x00\x00", "IDAT", ""),
		"heavy png row":          pngFile("IHDR", pngHeaderOf(49_000_000, 1, 8, 6, 0), "IDAT", ""),
		"heavy jpeg progressive": heavy(progressive, "YBr", "\x11\x11\x11"),
		"heavy webp": webpFile("VP8X", webpHeader(0x10, 7000, 7000), "ALPH", "\x01",
			"VP8 ", "\x10\x00\x00\x9d\x01\x2a\x58\x1b\x58\x1b"),
	}
}

// claimSize changes the size that a JPEG states.
func claimSize(jpg []byte, frame byte, w, h uint16) []byte {
	b := bytes.Clone(jpg)
	size := b[bytes.Index(b, []byte{0xff, frame})+5:]
	binary.BigEndian.PutUint16(size, h)
	binary.BigEndian.PutUint16(size[2:], w)
	return b
}

func TestTooLargeIsRefusedBeforeDecoding(t *testing.T) {
	for name, data := range lyingFiles() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := masterOf(data, picture.Limits{})
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, picture.ErrTooLarge) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := weigh(data, picture.Limits{}, picture.Crop{}); !errors.Is(err, picture.ErrTooLarge) {
			t.Errorf("%s: the weight passes", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 256<<10 {
			t.Errorf("%s: allocated %d bytes", name, used)
		}
		if took > 50*time.Millisecond { // microseconds, if the machine is quiet
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// The size that is checked must be the size that is decoded.
func TestDisagreeingSizes(t *testing.T) {
	lossy, lossless := string(testdata(t, "lossy.webp")[20:]), string(testdata(t, "lossless.webp")[20:])
	frame := func(x, y, w, h int, chunks ...string) string {
		return webpFrame(x, y, w, h) + string(webpFile(chunks...)[12:])
	}
	huge := "\x10\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f" + strings.Repeat("\x00", 20)
	jpg := encodeJPEG(quadrants(48, 32))
	sof := bytes.Index(jpg, []byte{0xff, 0xc0})
	second := bytes.Clone(jpg[sof : sof+19])
	binary.BigEndian.PutUint32(second[5:], 60000<<16|60000)

	for name, data := range map[string][]byte{
		"canvas larger than lossy":    webpFile("VP8X", webpHeader(0, 49, 32), "VP8 ", lossy),
		"canvas smaller than lossy":   webpFile("VP8X", webpHeader(0, 1, 1), "VP8 ", huge),
		"canvas larger than lossless": webpFile("VP8X", webpHeader(0x10, 48, 33), "VP8L", lossless),
		"largest canvas":              webpFile("VP8X", webpHeader(0x10, 1<<24, 1<<24), "ALPH", "\x00", "VP8 ", lossy),
		"canvas, alpha and lossy":     webpFile("VP8X", webpHeader(0x10, 7000, 7000), "ALPH", "\x00", "VP8 ", lossy),
		"frame larger than bits":      webpFile("VP8X", webpHeader(2, 90, 90), "ANMF", frame(0, 0, 50, 32, "VP8 ", lossy)),
		"frame smaller than bits":     webpFile("VP8X", webpHeader(2, 90, 90), "ANMF", frame(0, 0, 2, 2, "VP8 ", huge)),
		"frame off the canvas":        webpFile("VP8X", webpHeader(2, 90, 90), "ANMF", frame(44, 0, 48, 32, "VP8 ", lossy)),
		"jpeg second frame header":    bytes.Join([][]byte{jpg[:sof+19], second, jpg[sof+19:]}, nil),
	} {
		wantRefused(t, name, data, picture.ErrDamaged)
	}
	webp := webpFile("VP8X", webpHeader(2, 90, 90), "ANMF", frame(42, 58, 48, 32, "VP8L", lossless))
	normalize(t, webp, picture.Limits{}) // touches the corner
}

// A progressive JPEG of thousands of tiny scans would take minutes.
func TestManyScansAreRefused(t *testing.T) {
	jpg := testdata(t, "progressive.jpg")
	last := bytes.LastIndex(jpg, []byte{0xff, 0xda})
	scan := jpg[last : len(jpg)-2]
	again := func(n int) []byte {
		return bytes.Join([][]byte{jpg[:last], bytes.Repeat(scan, n), jpg[len(jpg)-2:]}, nil)
	}
	normalize(t, again(10), picture.Limits{})
	if _, err := weigh(again(100), picture.Limits{}, picture.Crop{}); !errors.Is(err, picture.ErrDamaged) {
		t.Errorf("got %v", err)
	}
	// Scans in a thumbnail, or after the end, do not count.
	marks := strings.Repeat("\xff\xda\x00\x02", 100)
	jpg = append(withSegment(jpg, 0xe1, marks), marks...)
	normalize(t, jpg, picture.Limits{})
}
