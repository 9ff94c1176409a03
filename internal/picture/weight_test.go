package picture_test

import (
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// allocated returns how many bytes f allocates. No more can be in use at one time. For a
// decoder it is little less, because hardly any of it is garbage.
func allocated(f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// peak returns the most bytes that are in use at one time while f runs, beyond those in
// use before. The collector runs nearly all the time; this is the part it cannot free.
func peak(f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	live := func() int64 {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	runtime.GC()
	before := live()
	var most atomic.Int64
	var over atomic.Bool
	var look func()
	look = func() { // after each collection, which runs finalizers
		if v := live(); v > most.Load() {
			most.Store(v)
		}
		if !over.Load() {
			runtime.SetFinalizer(&[16]byte{}, func(*[16]byte) { look() })
		}
	}
	look()
	f()
	over.Store(true)
	return most.Load() - before
}

func TestWeightIsWhatDecodingTakes(t *testing.T) {
	const (
		w, h   = 512, 384
		pixels = w * h
		row    = 2 * w // PNG: the bytes of two rows, by bytes a pixel
	)
	const adobeCMYK, adobeYCCK, adobeRGB = 0, 2, 0
	const tiles = 3 * 4 * pixels / 16 // of lossless WebP
	lossy := flatLossy(w, h)
	lossyWeight := int64(pixels/256*(256+128+4+6) + len(lossy))
	alpha := webpHeader(0x10, w, h)

	for _, c := range []struct {
		name   string
		data   []byte
		weight int64 // of decoding
	}{
		{"png 1 bit", flatPNG(w, h, 1, 0, 0), pixels + row},
		{"png gray", flatPNG(w, h, 8, 0, 0), pixels + row},
		{"png gray transparent", flatPNG(w, h, 8, 0, 0, "tEXt", "", "tRNS", "\x00\x01"), 4*pixels + 4*row},
		{"png gray 16 bit", flatPNG(w, h, 16, 0, 0), 2*pixels + 2*row},
		{"png gray 16 bit transparent", flatPNG(w, h, 16, 0, 0, "tRNS", "\x00\x01"), 8*pixels + 8*row},
		{"png gray alpha", flatPNG(w, h, 8, 4, 0), 4*pixels + 4*row},
		{"png palette", flatPNG(w, h, 4, 3, 0, "PLTE", "RGB", "tRNS", "A"), pixels + row},
		{"png rgb", flatPNG(w, h, 8, 2, 0), 4*pixels + 4*row},
		{"png rgba", flatPNG(w, h, 8, 6, 0), 4*pixels + 4*row},
		{"png rgb 16 bit", flatPNG(w, h, 16, 2, 0), 8*pixels + 8*row},
		{"png rgba 16 bit", flatPNG(w, h, 16, 6, 0), 8*pixels + 8*row},
		{"png gray interlaced", flatPNG(w, h, 8, 0, 1), 2*pixels + row},
		{"png rgba interlaced", flatPNG(w, h, 8, 6, 1), 2*4*pixels + 4*row},
		{"png rgba 16 bit interlaced", flatPNG(w, h, 16, 6, 1), 2*8*pixels + 8*row},

		{"jpeg gray", flatJPEG(baseline, w, h, "Y", "\x11"), pixels},
		{"jpeg gray, factors", flatJPEG(baseline, w, h, "Y", "\x42"), pixels},
		{"jpeg 4:4:4", flatJPEG(baseline, w, h, "YBr", "\x11\x11\x11"), 3 * pixels},
		{"jpeg 4:4:4, factors", flatJPEG(baseline, w, h, "YBr", "\x21\x21\x21"), 3 * pixels},
		{"jpeg 4:2:0", flatJPEG(baseline, w, h, "YBr", "\x22\x11\x11"), 3 * pixels / 2},
		{"jpeg 4:1:0", flatJPEG(baseline, w, h, "YBr", "\x42\x11\x11"), 5 * pixels / 4},
		{"jpeg padded", flatJPEG(baseline, w+1, h, "YBr", "\x42\x11\x11"), 5 * (w + 32) * h / 4},
		{"jpeg rgb", flatJPEG(baseline, w, h, "RGB", "\x11\x11\x11"), 3 * pixels},
		{"jpeg rgb, adobe", withAdobe(flatJPEG(baseline, w, h, "YBr", "\x22\x11\x11"), adobeRGB), 3 * pixels / 2},
		{"jpeg cmyk", withAdobe(flatJPEG(baseline, w, h, "CMYK", "\x11\x11\x11\x11"), adobeCMYK), 4 * pixels},
		{"jpeg ycck", withAdobe(flatJPEG(baseline, w, h, "YBrK", "\x22\x11\x11\x22"), adobeYCCK), 5 * pixels / 2},
		{"progressive gray", flatJPEG(progressive, w, h, "Y", "\x11"), (1 + 2) * pixels},
		{"progressive 4:4:4", flatJPEG(progressive, w, h, "YBr", "\x11\x11\x11"), 3 * (1 + 2) * pixels},
		{"progressive 4:2:0", flatJPEG(progressive, w, h, "YBr", "\x22\x11\x11"), 3 * (1 + 2) * pixels / 2},
		{"progressive cmyk", withAdobe(flatJPEG(progressive, w, h, "CMYK", "\x11\x11\x11\x11"), adobeCMYK), 4 * (1 + 2) * pixels},

		{"gif", encodeGIF(image.NewPaletted(image.Rect(0, 0, w, h), paletted(quadrants(1, 1)).Palette)), pixels},

		{"webp lossy", webpFile("VP8 ", lossy), lossyWeight},
		{"webp raw alpha", webpFile("VP8X", alpha, "ALPH", "\x00"+strings.Repeat("A", pixels), "VP8 ", lossy), lossyWeight + pixels},
		{"webp alpha", webpFile("VP8X", alpha, "ALPH", "\x01"+(&bits{}).flat(), "VP8 ", lossy), (4+2+1)*pixels + tiles},
		{"webp lossless", webpFile("VP8L", losslessHeader(w, h).flat()), (4+2)*pixels + tiles},
		{"webp palette", webpFile("VP8L", flatPalette(w, h)), (4+2)*pixels + tiles},
	} {
		weight, decode, err := picture.Decoding(c.data)
		if err != nil || weight != c.weight {
			t.Errorf("%s: weighs %d, %v, want %d", c.name, weight, err, c.weight)
			continue
		}
		took := allocated(func() { err = decode() })
		const small = 128 << 10 // tables, buffers: part of what all weigh
		if err != nil || weight < (took-small)*9/10 || weight > took*5/2 {
			t.Errorf("%s: weighs %d, allocates %d, %v", c.name, weight, took, err)
		}
	}
}

// noise makes the largest files.
func noise(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = uint8(rnd.Uint32())
	}
	return m
}

// Making five files takes no more than the weight, and not much less.
func TestWeightIsThePeak(t *testing.T) {
	testkit.Long(t)
	for _, c := range []struct {
		name string
		data []byte
		crop picture.Crop
	}{
		{"noise", encodePNG(noise(2047, 1500)), picture.Crop{}},
		{"crop of noise", encodePNG(noise(2047, 1500)), picture.Crop{X: 500, Y: 5, Side: 600}},
		{"noise as JPEG, turned", withSegment(encodeJPEG(noise(1600, 1400)), 0xe1, "Exif\x00\x00"+exif(6, "d")), picture.Crop{}},
		{"progressive", flatJPEG(progressive, 3000, 2000, "YBr", "\x22\x11\x11"), picture.Crop{}},
		{"small crop", flatJPEG(baseline, 3000, 2000, "YBr", "\x11\x11\x11"), picture.Crop{X: 99, Y: 88, Side: 500}},
	} {
		weight, err := weigh(c.data, picture.Limits{}, c.crop)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		lim := picture.Limits{MaxTime: plenty}
		took := peak(func() { _, err = makeFrom(context.Background(), c.data, lim, c.crop) })
		t.Logf("%s: weighs %d, takes %d", c.name, weight, took)
		if err != nil || took > weight || took < weight/5 {
			t.Errorf("%s: weighs %d, takes %d, %v", c.name, weight, took, err)
		}
	}
}

// A photograph of a phone has a budget.
func TestMemoryOf12Megapixels(t *testing.T) {
	const budget = 64 << 20
	data := twelveMegapixels()
	weight, err := weigh(data, picture.Limits{}, picture.Crop{})
	if err != nil || weight > budget {
		t.Errorf("weighs %d, %v", weight, err)
	}
	took := allocated(func() { normalize(t, data, picture.Limits{}) }) // garbage and all
	t.Logf("weighs %d, allocates %d", weight, took)
	if took > budget {
		t.Errorf("allocates %d", took)
	}
}

// The prefix codes of a lossless WebP can outweigh its pixels.
func TestWeightOfPrefixCodes(t *testing.T) {
	weigh := func(chunk string) int64 {
		weight, err := weigh(webpFile("VP8L", chunk), picture.Limits{}, picture.Crop{})
		if err != nil {
			t.Fatal(err)
		}
		return weight
	}
	most := int64(56 << 10) // of a group of codes
	flat := losslessHeader(40, 40).flat()
	if got := weigh(flat+strings.Repeat("A", 2000)) - weigh(flat+strings.Repeat("A", 3000)); got != 0 {
		t.Errorf("100 tiles: %d for more bytes than can be codes", got)
	}
	flat = losslessHeader(4*2600, 4).flat()
	few, many := weigh(flat+strings.Repeat("A", 1000)), weigh(flat+strings.Repeat("A", 2000))
	if got := (many - few) / 1000; got < 3<<10 || got > 4<<10 {
		t.Errorf("a byte of codes weighs %d", got)
	}
	long := strings.Repeat("A", 1<<20)
	if got := weigh(flat+long) - 2600*most; got < 0 || got > 8<<20 {
		t.Errorf("2600 groups and %d", got)
	}
	larger := losslessHeader(4*2600, 8).flat()
	if got := weigh(larger+long) - weigh(flat+long); got > 1<<20 {
		t.Errorf("%d more for 5200 groups, which the decoder refuses", got)
	}

	data := webpFile("VP8L", manyCodes(500))
	took := allocated(func() { normalize(t, data, picture.Limits{}) })
	if took < 500*most*3/4 {
		t.Errorf("allocates %d, which is not worth a test", took)
	}
	// A third is garbage: of each code its lengths, twice.
	if weight := weigh(manyCodes(500)); weight < took*2/3 || weight > took*5/2 {
		t.Errorf("weighs %d, allocates %d", weight, took)
	}
}

// Photographs of phones and screenshots are accepted. lyingFiles has pictures of as many
// pixels that are not.
func TestDefaultMemoryIsEnough(t *testing.T) {
	for name, data := range map[string][]byte{
		"12 megapixels":             flatJPEG(baseline, 4000, 3000, "YBr", "\x22\x11\x11"),
		"12 megapixels progressive": flatJPEG(progressive, 4000, 3000, "YBr", "\x22\x11\x11"),
		"24 megapixels progressive": flatJPEG(progressive, 6000, 4000, "YBr", "\x22\x11\x11"),
		"12 megapixels lossless":    webpFile("VP8L", losslessHeader(4000, 3000).flat()+strings.Repeat("A", 1<<20)),
		"50 megapixels baseline":    flatJPEG(baseline, 7071, 7071, "YBr", "\x11\x11\x11"),
		"50 megapixels png":         pngFile("IHDR", pngHeaderOf(7071, 7071, 8, 6, 0), "IDAT", ""),
	} {
		if _, err := weigh(data, picture.Limits{}, picture.Crop{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMaxMemory(t *testing.T) {
	data := flatJPEG(progressive, 300, 200, "YBr", "\x22\x11\x11")
	weight, err := weigh(data, picture.Limits{}, picture.Crop{})
	if err != nil {
		t.Fatal(err)
	}
	normalize(t, data, picture.Limits{MaxMemory: weight})
	_, err = masterOf(data, picture.Limits{MaxMemory: weight - 1})
	if !errors.Is(err, picture.ErrTooLarge) || !strings.Contains(err.Error(), strconv.FormatInt(weight, 10)) {
		t.Errorf("got %v", err)
	}
	if none, again := weigh(data, picture.Limits{MaxMemory: weight - 1}, picture.Crop{}); none != 0 || again == nil || again.Error() != err.Error() {
		t.Errorf("weighs %d, %v", none, again)
	}
}

// No size makes the weight overflow.
func TestWeightOfTheLargest(t *testing.T) {
	corner := string(webpFile("VP8L", losslessHeader(1<<14, 1<<14).flat())[12:])
	for name, data := range map[string][]byte{
		"png":  pngFile("IHDR", pngHeaderOf(math.MaxInt32, math.MaxInt32, 16, 6, 1), "IDAT", ""),
		"long": pngFile("IHDR", pngHeaderOf(math.MaxInt32, 1<<24, 16, 6, 1), "IDAT", ""),
		"jpeg": claimSize(flatJPEG(progressive, 8, 8, "YBr", "\x42\x11\x11"), progressive, 65535, 65535),
		"webp": webpFile("VP8X", webpHeader(2, 1<<24, 1<<24), "ANMF", webpFrame(0, 0, 1<<14, 1<<14)+corner),
	} {
		for _, side := range []int{0, 1, math.MaxInt32} {
			lim := picture.Limits{MaxPixels: math.MaxInt, MaxMemory: 1 << 30, MaxSide: side}
			if weight, err := weigh(data, lim, picture.Crop{}); !errors.Is(err, picture.ErrTooLarge) {
				t.Errorf("%s to %d: weighs %d, %v", name, side, weight, err)
			}
		}
	}
}
