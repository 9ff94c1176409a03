package jpeg_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	stdjpeg "image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/jpeg"
)

// files returns the files in testdata. cjpeg (libjpeg-turbo 2.1.5) made them from
// scene.png: every sampling, with restarts, progressive, and with a scan for each
// component.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.jpg")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	all := map[string][]byte{}
	for _, name := range names {
		all[filepath.Base(name)] = file(t, filepath.Base(name))
	}
	return all
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t testing.TB, data []byte, n int) []jpeg.Plane {
	t.Helper()
	f, err := jpeg.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	planes, _, err := f.Decode(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	return planes
}

// standardPlanes decodes with the standard library.
func standardPlanes(t testing.TB, data []byte) []jpeg.Plane {
	t.Helper()
	img, err := stdjpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	switch m := img.(type) {
	case *image.Gray:
		return []jpeg.Plane{{Pix: m.Pix, Stride: m.Stride}}
	case *image.YCbCr:
		return []jpeg.Plane{{Pix: m.Y, Stride: m.YStride}, {Pix: m.Cb, Stride: m.CStride}, {Pix: m.Cr, Stride: m.CStride}}
	case *image.RGBA:
		planes := make([]jpeg.Plane, 3)
		for i := range planes {
			planes[i].Stride = m.Rect.Dx()
			for y := range m.Rect.Dy() {
				for x := range m.Rect.Dx() {
					planes[i].Pix = append(planes[i].Pix, m.Pix[m.PixOffset(x, y)+i])
				}
			}
		}
		return planes
	}
	t.Fatalf("a %T", img)
	return nil
}

func TestSamplesAreTheStandardLibrarys(t *testing.T) {
	for name, data := range files(t) {
		if name == "odd_factors.jpg" {
			continue // image/jpeg does not support it
		}
		want := standardPlanes(t, data)
		got := decode(t, data, 8)
		if len(got) != len(want) {
			t.Fatalf("%s: %d planes, want %d", name, len(got), len(want))
		}
		for i, p := range got {
			worst := 0
			for y := range p.Size.Y {
				for x := range p.Size.X {
					a, b := int(p.Pix[y*p.Stride+x]), int(want[i].Pix[y*want[i].Stride+x])
					worst = max(worst, a-b, b-a)
				}
			}
			if worst > 2 { // rounding
				t.Errorf("%s: plane %d is off by %d", name, i, worst)
			}
		}
	}
}

// A block decoded to fewer samples has the averages of the whole block's samples.
func TestSmallerSizes(t *testing.T) {
	for name, data := range files(t) {
		whole := decode(t, data, 8)
		for n, most := range map[int]float64{4: 3, 2: 3, 1: 1.5} {
			for i, p := range decode(t, data, n) {
				if d := offAverage(p, whole[i], 8/n); d > most {
					t.Errorf("%s at %d: plane %d is off by %.2f", name, n, i, d)
				}
				if w := whole[i]; p.Size.X != (w.Size.X*n+7)/8 || p.Size.Y != (w.Size.Y*n+7)/8 || p.PerX != w.PerX*float64(n)/8 {
					t.Errorf("%s at %d: plane %d has %v for %v", name, n, i, p.Size, w.Size)
				}
			}
		}
	}
}

// offAverage returns by how much the samples of small differ on average from
// those of whole, averaged in blocks. It leaves out blocks that cross the edge.
func offAverage(small, whole jpeg.Plane, block int) float64 {
	sum, n := 0.0, 0
	for y := range whole.Size.Y / block {
		for x := range whole.Size.X / block {
			d := -float64(small.Pix[y*small.Stride+x])
			for i := range block * block {
				d += float64(whole.Pix[(y*block+i/block)*whole.Stride+x*block+i%block]) / float64(block*block)
			}
			sum += max(d, -d)
			n++
		}
	}
	return sum / float64(n)
}

func TestColors(t *testing.T) {
	for name, data := range files(t) {
		want := jpeg.YCbCr
		switch {
		case strings.Contains(name, "gray"):
			want = jpeg.Gray
		case name == "rgb.jpg":
			want = jpeg.RGB
		}
		f, err := jpeg.Open(data)
		if err != nil || f.Colors() != want || f.Size != image.Pt(90, 62) {
			t.Errorf("%s: %v %v, %v", name, f.Colors(), f.Size, err)
		}
	}
}

func TestWeightIsWhatDecodeAllocates(t *testing.T) {
	const small = 96 << 10 // tables and the like
	baseline := photograph(t)
	for name, data := range map[string][]byte{"baseline": baseline, "small": file(t, "progressive_420.jpg")} {
		f, err := jpeg.Open(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 2, 4, 8} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := f.Decode(t.Context(), n)
			runtime.ReadMemStats(&after)
			took := int64(after.TotalAlloc - before.TotalAlloc)
			if err != nil || took > f.Weight(n)+small || took < f.Weight(n) {
				t.Errorf("%s at %d: weighs %d, allocates %d, %v", name, n, f.Weight(n), took, err)
			}
		}
	}
}

func TestDecodeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, data := range files(t) {
		f, err := jpeg.Open(data)
		if err != nil {
			t.Fatal(err)
		}
		if planes, _, err := f.Decode(ctx, 8); !errors.Is(err, context.Canceled) || planes != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// segment inserts a segment after the SOI marker.
func segment(data []byte, marker byte, content string) []byte {
	n := 2 + len(content)
	return bytes.Join([][]byte{data[:2], {0xff, marker, byte(n >> 8), byte(n)}, []byte(content), data[2:]}, nil)
}

func TestProfileInParts(t *testing.T) {
	const mark = "ICC_PROFILE\x00"
	large := strings.Repeat("A", 60_000)
	for name, c := range map[string]struct {
		parts []string // the last one comes first in the file
		want  string
	}{
		"none":     {nil, ""},
		"one":      {[]string{"\x01\x01abc"}, "abc"},
		"two":      {[]string{"\x01\x02abc", "\x02\x02def"}, "abcdef"},
		"missing":  {[]string{"\x01\x02abc"}, ""},
		"zero":     {[]string{"\x00\x00abc", "\x00\x01abc"}, ""},
		"beyond":   {[]string{"\x02\x01abc"}, ""},
		"counts":   {[]string{"\x01\x02abc", "\x02\x03def"}, ""},
		"short":    {[]string{"\x01"}, ""},
		"too long": {slices.Repeat([]string{"\x01\x01" + large}, 10), ""},
	} {
		data := file(t, "420.jpg")
		for _, p := range c.parts {
			data = segment(data, 0xe2, mark+p)
		}
		f, err := jpeg.Open(data)
		if err != nil || string(f.Profile()) != c.want {
			t.Errorf("%s: %d bytes, %v", name, len(f.Profile()), err)
		}
	}
}

// photograph returns 12 megapixels in 4:2:0 with some noise.
func photograph(t testing.TB) []byte {
	m := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	seed := uint32(1)
	for i := range m.Y {
		seed = seed*1664525 + 1013904223
		m.Y[i] = uint8(i%m.YStride/20+i/m.YStride/20) + uint8(seed>>28)
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = uint8(96+i%64), uint8(100+i/2000%56)
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// BenchmarkDecode compares each size with the standard library.
func BenchmarkDecode(b *testing.B) {
	data := photograph(b)
	for name, n := range map[string]int{"1 of 8": 1, "2 of 8": 2, "4 of 8": 4, "whole": 8} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				decode(b, data, n)
			}
		})
	}
	b.Run("image-jpeg", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := stdjpeg.Decode(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
