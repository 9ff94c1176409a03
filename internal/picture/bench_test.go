package picture_test

import (
	"context"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// twelveMegapixels returns a photograph like a phone's: baseline, 4:2:0, with enough
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

// BenchmarkMake reports time, allocations, the peak of memory, and the weight. If
// vipsthumbnail is installed, vips-ratio is the processor time of our five files
// divided by that of its one crop of 512×512. The budget for "12 megapixels" is 2.5.
func BenchmarkMake(b *testing.B) {
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"12 megapixels", twelveMegapixels()},
		{"12 megapixels progressive", flatJPEG(progressive, 4000, 3000, "YBr", "\x22\x11\x11")},
		{"photo", encodeJPEG(scene(1200, 900))},
		{"png", encodePNG(scene(1200, 900))},
		{"gif", encodeGIF(paletted(quadrants(1200, 900)))},
		{"webp lossy", webpFile("VP8 ", flatLossy(1200, 900))},
		{"webp lossless", webpFile("VP8L", losslessHeader(1200, 900).flat())},
	} {
		b.Run(c.name, func(b *testing.B) {
			run := func() {
				if _, err := makeFrom(context.Background(), c.data, picture.Limits{}, picture.Crop{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			weight, err := weigh(c.data, picture.Limits{}, picture.Crop{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(peak(run)), "peak-B")
			b.ReportMetric(float64(weight), "weight-B")
			if ratio, ok := vipsRatio(b, c.data, run); ok {
				b.ReportMetric(ratio, "vips-ratio")
			}
		})
	}
}

// vipsRatio compares the least processor time of several runs. They alternate, so other
// load on the machine affects both.
func vipsRatio(b *testing.B, data []byte, run func()) (ratio float64, ok bool) {
	vips, err := exec.LookPath("vipsthumbnail")
	if err != nil {
		b.Log("vipsthumbnail is not installed: no ratio")
		return 0, false
	}
	dir := b.TempDir()
	source := filepath.Join(dir, "source")
	if err := os.WriteFile(source, data, 0o600); err != nil {
		b.Fatal(err)
	}
	ours, theirs := time.Hour, time.Hour
	for range 7 {
		before := processorTime(b)
		run()
		ours = min(ours, processorTime(b)-before)
		cmd := exec.CommandContext(b.Context(), vips, source, "-s", "512x512", "-m", "centre", "-o", filepath.Join(dir, "crop.jpg"))
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Logf("no ratio: %v: %s", err, out)
			return 0, false
		}
		theirs = min(theirs, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	return float64(ours) / float64(theirs), true
}

func processorTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func BenchmarkCheck12MP(b *testing.B) {
	data := twelveMegapixels()
	for b.Loop() {
		if _, err := weigh(data, picture.Limits{}, picture.Crop{}); err != nil {
			b.Fatal(err)
		}
	}
}
