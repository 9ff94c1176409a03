package main

import (
	"bytes"
	"image"
	"image/jpeg"
)

// photo returns a JPEG like those of a phone's camera: baseline, 4:2:0, with enough
// detail to keep a decoder busy. The benchmarks of the package picture use the same code.
func photo(w, h int) []byte {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			m.Y[y*m.YStride+x] = uint8(x/20+y/20) + uint8(seed>>28)
		}
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = uint8(96+i%64), uint8(100+i/(w/2)%56)
	}
	var out bytes.Buffer
	_ = jpeg.Encode(&out, m, &jpeg.Options{Quality: 90}) // a bytes.Buffer takes everything
	return out.Bytes()
}
