package picture_test

import (
	"image"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// twelveMegapixels is what a phone's camera makes: baseline, 4:2:0, with enough
// detail to keep the decoder busy.
func twelveMegapixels() []byte {
	m := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	seed := uint32(1)
	for y := range 3000 {
		for x := range 4000 {
			seed = seed*1664525 + 1013904223
			m.Y[y*m.YStride+x] = uint8(x/20+y/20) + uint8(seed>>28)
		}
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = uint8(96+i%64), uint8(100+i/2000%56)
	}
	return encodeJPEG(m)
}

func BenchmarkNormalize12MP(b *testing.B) {
	data := twelveMegapixels()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := masterOf(data, picture.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck12MP(b *testing.B) {
	data := twelveMegapixels()
	for b.Loop() {
		if _, err := picture.Check(data, picture.Limits{}, picture.Crop{}); err != nil {
			b.Fatal(err)
		}
	}
}
