package picture_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// makeSet makes all pictures of data.
func makeSet(t testing.TB, data []byte, crop picture.Crop) *picture.Set {
	t.Helper()
	set, err := makeFrom(context.Background(), data, picture.Limits{MaxTime: plenty}, crop)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestCropsHaveTheirSides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w, h  int
		crop  picture.Crop
		sides [4]int
	}{
		{2000, 1500, picture.Crop{}, [4]int{64, 128, 256, 512}},
		{600, 512, picture.Crop{}, [4]int{64, 128, 256, 512}},
		{600, 600, picture.Crop{X: 1, Y: 2, Side: 598}, [4]int{64, 128, 256, 512}},
		{4000, 200, picture.Crop{}, [4]int{64, 128, 200, 200}}, // never enlarged
		{2000, 1500, picture.Crop{X: 1900, Y: 1400, Side: 100}, [4]int{64, 100, 100, 100}},
		{64, 64, picture.Crop{}, [4]int{64, 64, 64, 64}},
		{1, 1, picture.Crop{}, [4]int{1, 1, 1, 1}},
		{1, 4000, picture.Crop{}, [4]int{1, 1, 1, 1}},
		{4000, 1, picture.Crop{}, [4]int{1, 1, 1, 1}},
	} {
		for name, data := range map[string][]byte{
			"png": encodePNG(grey(c.w, c.h, 90)), "jpeg": flatJPEG(baseline, c.w, c.h, "YBr", "\x22\x11\x11"),
		} {
			set := makeSet(t, data, c.crop)
			decodeResult(t, set.Master)
			for i, crop := range set.Crops {
				if crop.Width != c.sides[i] || crop.Height != c.sides[i] {
					t.Errorf("%s %d×%d %v for %d: %d×%d", name, c.w, c.h, c.crop, picture.Sides[i], crop.Width, crop.Height)
				}
				decodeResult(t, crop)
				if i > 0 && c.sides[i] == c.sides[i-1] && crop != set.Crops[i-1] {
					t.Errorf("%s %d×%d: two files of side %d", name, c.w, c.h, c.sides[i])
				}
			}
		}
	}
}

// A crop is in pixels of the picture as displayed, however it is stored.
func TestCropIsOfTheUprightPicture(t *testing.T) {
	t.Parallel()
	for o, want := range upright {
		tiff := exif(o, "d")
		for name, data := range map[string][]byte{
			"jpeg": withSegment(encodeJPEG(quadrants(160, 160)), 0xe1, "Exif\x00\x00"+tiff),
			"png":  withPNGChunk(encodePNG(quadrants(160, 160)), "eXIf", tiff),
		} {
			for i, at := range []image.Point{{}, {80, 0}, {0, 80}, {80, 80}} {
				set := makeSet(t, data, picture.Crop{X: at.X, Y: at.Y, Side: 80})
				for _, crop := range set.Crops {
					corner := want[i : i+1]
					if s := readCorners(decodeResult(t, crop)); s != corner+corner+corner+corner {
						t.Errorf("%s orientation %d, quarter %d, side %d: %s, want %s", name, o, i, crop.Width, s, corner)
					}
				}
			}
		}
	}
	// The default is the middle of the upright picture.
	wide := withSegment(encodeJPEG(quadrants(400, 100)), 0xe1, "Exif\x00\x00"+exif(6, ""))
	if set := makeSet(t, wide, picture.Crop{}); readCorners(decodeResult(t, set.Crops[0])) != upright[6] {
		t.Errorf("middle: %s", readCorners(decodeResult(t, set.Crops[0])))
	}
	if set := makeSet(t, wide, picture.Crop{X: 0, Y: 300, Side: 100}); readCorners(decodeResult(t, set.Crops[0])) != "WBWB" {
		t.Errorf("end: %s", readCorners(decodeResult(t, set.Crops[0])))
	}
}

// A small crop of a large picture has all its detail.
func TestCropHasTheSourcesDetail(t *testing.T) {
	t.Parallel()
	board := image.NewGray(image.Rect(0, 0, 3600, 2000))
	for y := range 2000 {
		for x := range 3600 {
			board.SetGray(x, y, color.Gray{Y: uint8((x/2 + y/2) % 2 * 255)})
		}
	}
	for name, data := range map[string][]byte{"png": encodePNG(board), "jpeg": encodeJPEG(board)} {
		m := decodeResult(t, makeSet(t, data, picture.Crop{X: 1700, Y: 1100, Side: 400}).Crops[3])
		for _, p := range []image.Point{{100, 100}, {101, 100}, {102, 100}, {103, 100}, {399, 399}} {
			want := board.GrayAt(1700+p.X, 1100+p.Y).Y
			if got := color.NRGBAModel.Convert(m.At(p.X, p.Y)).(color.NRGBA); !near(got, color.NRGBA{want, want, want, 255}, 20) {
				t.Errorf("%s at %v: %v, want %d", name, p, got, want)
			}
		}
	}
}

func TestBadCrops(t *testing.T) {
	wide := withSegment(encodeJPEG(quadrants(48, 32)), 0xe1, "Exif\x00\x00"+exif(6, "")) // is seen as 32×48
	const most = int(^uint(0) >> 1)
	for _, crop := range []picture.Crop{
		{X: 0, Y: 0, Side: 33}, {X: 1, Y: 0, Side: 32}, {X: 0, Y: 17, Side: 32}, {X: -1, Y: 0, Side: 9}, {X: 0, Y: -1, Side: 9},
		{X: 5, Y: 5}, {Side: -1}, {X: most, Y: 0, Side: 9}, {X: 0, Y: 0, Side: most}, {X: most, Y: most, Side: most},
	} {
		_, err := makeFrom(context.Background(), wide, picture.Limits{}, crop)
		_, checked := weigh(wide, picture.Limits{}, crop)
		if !errors.Is(err, picture.ErrCrop) || errors.Is(err, picture.ErrInvalid) || !errors.Is(checked, picture.ErrCrop) {
			t.Errorf("%v: got %v, %v", crop, err, checked)
		}
	}
	makeSet(t, wide, picture.Crop{X: 0, Y: 16, Side: 32}) // touches the corner
}

func TestParseCrop(t *testing.T) {
	for s, want := range map[string]picture.Crop{
		"": {}, "0,0,1": {Side: 1}, "12,34,567": {X: 12, Y: 34, Side: 567},
	} {
		if got, err := picture.ParseCrop(s); err != nil || got != want {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{",", "1", "1,2", "1,2,3,4", "1,2,x", "1,2,-3", "+1,2,3", " 1,2,3", "1, 2,3", "1.5,2,3", "0,0,0", "1,2,0", "0x1,2,3", "1,2,99999999999"} {
		if got, err := picture.ParseCrop(s); !errors.Is(err, picture.ErrCrop) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}

// A PNG stays a PNG. Its crops have the smaller type: PNG for drawings, JPEG for
// photographs.
func TestCropsAreTheSmallerType(t *testing.T) {
	t.Parallel()
	photo := encodePNG(scene(520, 520))
	drawing := encodePNG(quadrants(520, 520))
	hole := drawScene(520, 520)
	hole.SetNRGBA(300, 300, color.NRGBA{})
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"photo": {photo, "jpg"}, "drawing": {drawing, "png"}, "photo with a hole": {encodePNG(hole), "png"},
		"jpeg": {encodeJPEG(quadrants(520, 520)), "jpg"},
	} {
		set := makeSet(t, c.data, picture.Crop{})
		if want := map[bool]string{true: "jpg", false: "png"}[name == "jpeg"]; set.Master.Extension != want {
			t.Errorf("%s: master is %s", name, set.Master.Extension)
		}
		if got := set.Crops[3].Extension; got != c.want {
			t.Errorf("%s: crop is %s, want %s", name, got, c.want)
		}
	}
}

// Decoding ends with its context, in every format, also after it has begun.
func TestContextEndsDecoding(t *testing.T) {
	for name, data := range goodLargeFiles() {
		for looks := range 3 {
			ctx := &leaving{Context: context.Background(), looks: looks}
			if err := picture.Render(ctx, data); !errors.Is(err, context.Canceled) {
				t.Errorf("%s, after %d looks: %v", name, looks, err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if set, err := makeFrom(ctx, data, picture.Limits{}, picture.Crop{}); !errors.Is(err, context.Canceled) || set != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Decoders that know no context are stopped by their reader, which checks the context
// every few kilobytes.
func TestReadingLooksAtTheContext(t *testing.T) {
	const rows = 300 // shrinking checks the context once a row
	data := encodePNG(noise(rows, rows))
	ctx := &leaving{Context: context.Background(), looks: math.MaxInt}
	if err := picture.Render(ctx, data); err != nil {
		t.Fatal(err)
	}
	if looks := math.MaxInt - ctx.looks - rows; looks < len(data)/8192 {
		t.Errorf("%d looks while %d bytes were read", looks, len(data))
	}
	ctx.looks = 9
	if err := picture.Render(ctx, data); !errors.Is(err, context.Canceled) || ctx.looks < -9 {
		t.Errorf("%v, %d looks after the end", err, -ctx.looks)
	}
}

// leaving is a context that ends when it was checked a number of times.
type leaving struct {
	context.Context
	looks int
}

func (l *leaving) Err() error {
	if l.looks--; l.looks < 0 {
		return context.Canceled
	}
	return nil
}

// A picture that takes too long is too large; the error has the time limit.
func TestDeadline(t *testing.T) {
	for name, data := range goodLargeFiles() {
		_, err := makeFrom(context.Background(), data, picture.Limits{MaxTime: time.Nanosecond}, picture.Crop{})
		if !errors.Is(err, picture.ErrTooLarge) || !bytes.Contains([]byte(err.Error()), []byte("1ns")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func goodLargeFiles() map[string][]byte {
	m := quadrants(900, 900)
	return map[string][]byte{
		"png": encodePNG(m), "jpeg": encodeJPEG(m), "gif": encodeGIF(paletted(m)),
		"progressive":   flatJPEG(progressive, 900, 900, "YBr", "\x22\x11\x11"),
		"webp lossy":    webpFile("VP8 ", flatLossy(900, 900)),
		"webp lossless": webpFile("VP8L", losslessHeader(900, 900).flat()),
	}
}
