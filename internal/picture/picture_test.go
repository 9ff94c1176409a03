package picture_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// weigh opens data and weighs it.
func weigh(data []byte, lim picture.Limits, crop picture.Crop) (int64, error) {
	source, err := picture.Open(data, lim)
	if err != nil {
		return 0, err
	}
	return source.Weight(crop)
}

// makeFrom opens data and makes its pictures.
func makeFrom(ctx context.Context, data []byte, lim picture.Limits, crop picture.Crop) (*picture.Set, error) {
	source, err := picture.Open(data, lim)
	if err != nil {
		return nil, err
	}
	return source.Make(ctx, crop)
}

// normalize makes the master of data, which must succeed, and decodes it.
func normalize(t testing.TB, data []byte, lim picture.Limits) (*picture.Picture, image.Image) {
	t.Helper()
	if _, err := weigh(data, lim, picture.Crop{}); err != nil {
		t.Fatalf("weigh: %v", err)
	}
	p, err := masterOf(data, lim)
	if err != nil {
		t.Fatalf("Make: %v", err)
	}
	return p, decodeResult(t, p)
}

// plenty is enough time for a busy machine and the race detector.
const plenty = time.Minute

// masterOf makes the pictures of data and returns the master.
func masterOf(data []byte, lim picture.Limits) (*picture.Picture, error) {
	if lim.MaxTime == 0 {
		lim.MaxTime = plenty
	}
	set, err := makeFrom(context.Background(), data, lim, picture.Crop{})
	if err != nil {
		return nil, err
	}
	return set.Master, nil
}

// decodeResult decodes a picture and checks that it is what it says it is.
func decodeResult(t testing.TB, p *picture.Picture) image.Image {
	t.Helper()
	m, kind, err := image.Decode(bytes.NewReader(p.Data))
	if err != nil {
		t.Fatalf("decoding the result: %v", err)
	}
	if "image/"+kind != p.ContentType {
		t.Errorf("content type %q, but it is %s", p.ContentType, kind)
	}
	if want := map[string]string{"png": "png", "jpeg": "jpg"}[kind]; p.Extension != want {
		t.Errorf("extension %q, want %q", p.Extension, want)
	}
	if m.Bounds() != image.Rect(0, 0, p.Width, p.Height) {
		t.Errorf("says %d×%d, but is %v", p.Width, p.Height, m.Bounds())
	}
	return inColor(m)
}

// inColor converts an image of grays or a palette to one of full colours.
func inColor(m image.Image) image.Image {
	var out draw.Image
	switch m := m.(type) {
	case *image.Gray:
		out = image.NewRGBA(m.Rect)
	case *image.Paletted:
		if out = image.NewRGBA(m.Rect); !m.Opaque() {
			out = image.NewNRGBA(m.Rect)
		}
	default:
		return m
	}
	draw.Draw(out, out.Bounds(), m, m.Bounds().Min, draw.Src)
	return out
}

func TestTypes(t *testing.T) {
	m := quadrants(48, 32)
	see := func(m *image.NRGBA, hidden image.Rectangle) *image.NRGBA {
		c := convert(image.NewNRGBA(m.Rect), m)
		for y := hidden.Min.Y; y < hidden.Max.Y; y++ {
			for x := hidden.Min.X; x < hidden.Max.X; x++ {
				c.SetNRGBA(x, y, color.NRGBA{})
			}
		}
		return c
	}
	quarter := image.Rect(24, 16, 48, 32)
	large, right := paletted(m), paletted(m.SubImage(image.Rect(24, 0, 48, 32)))

	for _, c := range []struct {
		name    string
		data    []byte
		ext     string
		corners string
	}{
		{"png", encodePNG(m), "png", "RBGW"},
		{"png transparent", encodePNG(see(m, quarter)), "png", "RBG."},
		{"png palette", encodePNG(paletted(m)), "png", "RBGW"},
		{"png palette transparent", encodePNG(paletted(see(m, quarter))), "png", "RBG."},
		{"png 16 bit", encodePNG(convert(image.NewRGBA64(m.Rect), m)), "png", "RBGW"},
		{"png 16 bit transparent", encodePNG(convert(image.NewNRGBA64(m.Rect), see(m, quarter))), "png", "RBG."},
		{"jpeg", encodeJPEG(m), "jpg", "RBGW"},
		{"jpeg progressive", testdata(t, "progressive.jpg"), "jpg", "RBGW"},
		{"gif", encodeGIF(large), "png", "RBGW"},
		{"gif transparent", encodeGIF(paletted(see(m, quarter))), "png", "RBG."},
		{"gif first frame", encodeGIF(large, paletted(see(m, m.Rect))), "png", "RBGW"},
		{"gif small first frame", encodeGIF(right, large), "png", ".B.W"},
		{"webp lossy", testdata(t, "lossy.webp"), "jpg", "RBGW"},
		{"webp lossy alpha", testdata(t, "lossy_alpha.webp"), "png", "RBG."},
		{"webp lossy raw alpha", testdata(t, "lossy_alpha_raw.webp"), "png", "RBG."},
		{"webp lossless", testdata(t, "lossless.webp"), "png", "RBGW"},
		{"webp animated", testdata(t, "animated_opaque.webp"), "jpg", "RBGW"},
		{"webp animated alpha", testdata(t, "animated_alpha.webp"), "png", "RBG."},
		{"webp oriented", testdata(t, "lossy_orientation6.webp"), "jpg", "GRWB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, got := normalize(t, c.data, picture.Limits{})
			if p.Extension != c.ext {
				t.Errorf("stored as %s, want %s", p.Extension, c.ext)
			}
			if s := readCorners(got); s != c.corners {
				t.Errorf("corners %s, want %s", s, c.corners)
			}
			// The same when it has to shrink.
			p, got = normalize(t, c.data, picture.Limits{MaxSide: 13})
			if s := readCorners(got); p.Extension != c.ext || s != c.corners {
				t.Errorf("scaled: %s %s, want %s %s", p.Extension, s, c.ext, c.corners)
			}
		})
	}
}

// The first frame of animated.webp is 24×16 at (16,8) of 48×32.
func TestAnimatedWebPFrameLiesAtItsOffset(t *testing.T) {
	_, m := normalize(t, testdata(t, "animated.webp"), picture.Limits{})
	if m.Bounds() != image.Rect(0, 0, 48, 32) {
		t.Fatalf("bounds %v, want those of the canvas", m.Bounds())
	}
	for y := range 32 {
		for x := range 48 {
			_, _, _, a := m.At(x, y).RGBA()
			if in := image.Pt(x, y).In(image.Rect(16, 8, 40, 24)); in != (a == 0xffff) || !in != (a == 0) {
				t.Fatalf("(%d,%d) has alpha %d", x, y, a)
			}
		}
	}
	if s := readCorners(m.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(image.Rect(16, 8, 40, 24))); s != "RBGW" {
		t.Errorf("frame's corners %s", s)
	}
}

func TestGray(t *testing.T) {
	ramp := image.NewGray(image.Rect(0, 0, 61, 37))
	for i := range ramp.Pix {
		ramp.Pix[i] = uint8(i%61*4 + i/61/4)
	}
	for name, data := range map[string][]byte{
		"png": encodePNG(ramp), "png interlaced": interlacedPNG(ramp), "jpeg": encodeJPEG(ramp),
		"png 16 bit": encodePNG(convert(image.NewGray16(ramp.Rect), ramp)),
	} {
		t.Run(name, func(t *testing.T) {
			_, m := normalize(t, data, picture.Limits{})
			for y := range 37 {
				for x := range 61 {
					want, got := ramp.GrayAt(x, y).Y, color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
					if !near(got, color.NRGBA{want, want, want, 255}, 8) {
						t.Fatalf("(%d,%d) is %v, want grey %d", x, y, got, want)
					}
				}
			}
		})
	}
}

func TestCMYKJPEG(t *testing.T) {
	p, m := normalize(t, testdata(t, "cmyk.jpg"), picture.Limits{})
	if p.Extension != "jpg" {
		t.Errorf("stored as %s", p.Extension)
	}
	for x, want := range map[int]color.NRGBA{8: {255, 0, 0, 255}, 40: {0, 0, 255, 255}} {
		if got := color.NRGBAModel.Convert(m.At(x, 16)).(color.NRGBA); !near(got, want, 12) {
			t.Errorf("at x=%d: %v, want %v", x, got, want)
		}
	}
}

// A PNG has the fewest bytes a pixel that lose nothing (RFC 2083, 4.1.1).
func TestColorTypeOfPNG(t *testing.T) {
	const colorType = 25 // offset in the file
	const gray, rgb, palette, rgba = 0, 2, 3, 6
	grays, colors, clear := image.NewNRGBA(image.Rect(0, 0, 64, 64)), image.NewNRGBA(image.Rect(0, 0, 64, 64)), image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			v := uint8(4 * x)
			grays.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
			colors.SetNRGBA(x, y, color.NRGBA{v, uint8(4 * y), 0, 255})
			clear.SetNRGBA(x, y, color.NRGBA{v, uint8(4 * y), 0, v})
		}
	}
	flat := quadrants(8, 8)
	glass := image.NewNRGBA(image.Rect(0, 0, 8, 8)) // nothing but transparency
	for name, test := range map[string]struct {
		img  image.Image
		want byte
	}{
		"grays": {grays, gray}, "few colours": {flat, palette}, "all clear": {glass, palette},
		"many colours": {colors, rgb}, "many colours, some clear": {clear, rgba},
	} {
		p, m := normalize(t, encodePNG(test.img), picture.Limits{})
		if p.Data[colorType] != test.want {
			t.Errorf("%s: colour type %d, want %d", name, p.Data[colorType], test.want)
		}
		for _, at := range []image.Point{{0, 0}, {7, 0}, {0, 7}, {6, 5}} {
			got, want := color.NRGBAModel.Convert(m.At(at.X, at.Y)).(color.NRGBA), color.NRGBAModel.Convert(test.img.At(at.X, at.Y)).(color.NRGBA)
			if got.A != want.A || want.A > 64 && !near(got, want, 8) {
				t.Errorf("%s: at %v %v, want %v", name, at, got, want)
			}
		}
	}
}

const marker = "FIND-ME-51.4779N"

func TestNothingButPixelsSurvives(t *testing.T) {
	m := quadrants(40, 40)
	lossy := testdata(t, "lossy.webp")
	jpg := withSegment(encodeJPEG(m), 0xfe, marker)
	jpg = withSegment(jpg, 0xe1, "Exif\x00\x00"+exif(1, marker))
	jpg = withSegment(jpg, 0xe1, "http://ns.adobe.com/xap/1.0/\x00<x>"+marker+"</x>")
	jpg = withSegment(jpg, 0xe2, "ICC_PROFILE\x00\x01\x01"+marker)
	pic := withPNGChunk(encodePNG(m), "tEXt", "Comment\x00"+marker)
	pic = withPNGChunk(pic, "eXIf", exif(1, marker))
	comment := "\x21\xfe" + string(rune(len(marker))) + marker + "\x00"
	g := encodeGIF(paletted(m))
	at := 13 // after the screen descriptor; the colours follow with the frame
	g = bytes.Join([][]byte{g[:at], []byte(comment), g[at:]}, nil)
	web := webpFile("VP8X", webpHeader(0x0c, 48, 32), "VP8 ", string(lossy[20:]), "EXIF", exif(1, marker), "XMP ", marker)

	for name, data := range map[string][]byte{"jpeg": jpg, "png": pic, "gif": g, "webp": web} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // with and without something after the end
				if !bytes.Contains(data, []byte(marker)) {
					t.Fatal("the source lacks the marker")
				}
				p, got := normalize(t, data, picture.Limits{})
				if s := readCorners(got); s != "RBGW" {
					t.Errorf("corners %s", s)
				}
				if bytes.Contains(p.Data, []byte(marker)) || bytes.Contains(p.Data, []byte("Exif")) {
					t.Error("metadata survived")
				}
				data = append(data, "<script>"+marker+"</script>"...)
			}
		})
	}
}

func TestErrorsSayWhy(t *testing.T) {
	_, err := masterOf(encodePNG(grey(20, 10, 0)), picture.Limits{MaxPixels: 199})
	if !errors.Is(err, picture.ErrTooLarge) || errors.Is(err, picture.ErrInvalid) || !strings.Contains(err.Error(), "20×10") {
		t.Errorf("got %v", err)
	}
	normalize(t, encodePNG(grey(20, 10, 0)), picture.Limits{MaxPixels: 200})
}
