package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// wantSame asserts that an odd file, which has all pixels, becomes the same picture as a
// good one.
func wantSame(t *testing.T, what string, odd, good []byte) {
	t.Helper()
	want, err := masterOf(good, picture.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	got, err := masterOf(odd, picture.Limits{})
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if !bytes.Equal(got.Data, want.Data) {
		t.Errorf("%s: another picture", what)
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// rowsAlike returns how many rows from the top on are alike in two pictures.
func rowsAlike(a, b image.Image) int {
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if a.At(x, y) != b.At(x, y) {
				return y
			}
		}
	}
	return a.Bounds().Dy()
}

// How JPEG is decoded is tested in package jpeg. Here it is where the line is drawn.
func TestDamagedJPEG(t *testing.T) {
	good := encodeJPEG(scene(160, 160))
	_, whole := normalize(t, good, picture.Limits{})
	for what, odd := range map[string][]byte{
		"no end marker":             good[:len(good)-2],
		"a trailer instead":         append(bytes.Clone(good[:len(good)-2]), "\x00\x00\x04\x0d ImageUTC_Data SEFT"...),
		"a trailer":                 append(bytes.Clone(good), "\x00\x00\x04\x0d ImageUTC_Data SEFT"...),
		"another picture behind":    append(bytes.Clone(good[:len(good)-2]), good...),
		"bytes before the segments": join(good[:2], []byte("??"), good[2:]),
	} {
		wantSame(t, what, odd, good)
	}
	scan := bytes.Index(good, []byte{0xff, 0xda})
	for n := scan + 20; n < len(good); n += 50 {
		p, err := masterOf(good[:n], picture.Limits{})
		if err != nil {
			if !errors.Is(err, picture.ErrDamaged) {
				t.Errorf("cut to %d: %v", n, err)
			}
			continue
		}
		if apart := difference(decodeResult(t, p), whole); apart > 128*0.1 {
			t.Errorf("cut to %d of %d: colours are off by %.1f", n, len(good), apart)
		}
	}
	wantRefused(t, "half of it", good[:len(good)/2], picture.ErrDamaged)
	if _, err := masterOf(good[:len(good)-20], picture.Limits{}); err != nil {
		t.Errorf("nearly all: %v", err)
	}
}

// A WebP needs all bytes of its frame: they are coded as one. What follows may be missing.
func TestDamagedWebP(t *testing.T) {
	lossy, animated := testdata(t, "lossy.webp"), testdata(t, "animated.webp")
	chunks := webpChunks(lossy)
	wantSame(t, "too large a size", join([]byte("RIFF\xff\xff\xff\xffWEBP"), lossy[12:]), lossy)
	wantSame(t, "a trailer", append(bytes.Clone(lossy), "trailer"...), lossy)
	wantSame(t, "a cut chunk behind", join(webpFile(chunks...), []byte("EXIF\xff\x00\x00\x00")), lossy)
	wantSame(t, "a size of 0", join([]byte("RIFF\x00\x00\x00\x00WEBP"), lossy[12:]), lossy)
	wantSame(t, "too small a size", join([]byte("RIFF\x40\x00\x00\x00WEBP"), lossy[12:]), lossy)
	frame := chunks[slices.Index(chunks, "VP8 ")+1]
	w, h := int(frame[6])|int(frame[7])<<8, int(frame[8])|int(frame[9])<<8
	odd := webpFile("VP8X", webpHeader(0, w, h), "ABCD", "odd", "EXIF", "odd", "VP8 ", frame)
	wantSame(t, "odd chunks", odd, lossy)
	wantSame(t, "no padding", bytes.Replace(odd, []byte("odd\x00VP8 "), []byte("oddVP8 "), 1), lossy)
	wantSame(t, "another padding", bytes.Replace(odd, []byte("odd\x00VP8 "), []byte("odd\x01VP8 "), 1), lossy)
	long := bytes.Clone(lossy)
	binary.LittleEndian.PutUint32(long[bytes.Index(lossy, []byte("VP8 "))+4:], 1<<31)
	wantSame(t, "too large a chunk", long, lossy)
	wantSame(t, "a cut animation", animated[:len(animated)-10], animated)
	wantRefused(t, "a cut frame", lossy[:len(lossy)-10], picture.ErrDamaged)
}

// Bytes that a decoder made up, or left over from elsewhere, are not in the result: two
// runs agree, after others that used the same memory.
func TestDamagedPicturesAreReproducible(t *testing.T) {
	p := rawPNGs()["alpha"]
	jpg := encodeJPEG(scene(160, 160))
	gif := encodeGIF(paletted(scene(60, 100)))
	for name, data := range map[string][]byte{
		"png": p.with(compress(p.rows[:len(p.rows)*95/100])), "jpeg": jpg[:len(jpg)-40],
		"progressive": testdata(t, "progressive.jpg")[:len(testdata(t, "progressive.jpg"))-20], "gif": gif[:len(gif)-20],
	} {
		first, err := masterOf(data, picture.Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		normalize(t, encodePNG(noise(200, 200)), picture.Limits{})
		normalize(t, encodeJPEG(noise(200, 200)), picture.Limits{})
		if again, err := masterOf(data, picture.Limits{}); err != nil || !bytes.Equal(first.Data, again.Data) {
			t.Errorf("%s: another picture, %v", name, err)
		}
	}
}
