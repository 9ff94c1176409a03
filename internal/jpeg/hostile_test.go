package jpeg_test

import (
	"bytes"
	"testing"

	"github.com/cardea-accounts/cardea/internal/jpeg"
)

// wantError asserts that data is refused, by Open or by Decode.
func wantError(t *testing.T, what string, data []byte) {
	t.Helper()
	f, err := jpeg.Open(data)
	if err != nil {
		return
	}
	if planes, _, err := f.Decode(t.Context(), 8); err == nil || planes != nil {
		t.Errorf("%s: not refused", what)
	}
}

func TestBrokenJPEG(t *testing.T) {
	good := file(t, "420.jpg")
	progressive := file(t, "progressive_420.jpg")
	change := func(data []byte, marker byte, at int, v byte) []byte {
		b := bytes.Clone(data)
		b[bytes.Index(b, []byte{0xff, marker})+4+at] = v
		return b
	}
	for name, data := range map[string][]byte{
		"12 bits":              change(good, 0xc0, 0, 12),
		"no height":            change(change(good, 0xc0, 1, 0), 0xc0, 2, 0),
		"two components":       change(good, 0xc0, 5, 2),
		"no sampling":          change(good, 0xc0, 7, 0x02),
		"much sampling":        change(good, 0xc0, 7, 0x52),
		"table 4":              change(good, 0xc0, 8, 4),
		"same component twice": change(good, 0xc0, 9, 1),
		"large units":          change(change(good, 0xc0, 7, 0x44), 0xc0, 10, 0x44),
		"no quantizer":         without(good, 0xdb),
		"quantizer 5":          change(good, 0xdb, 0, 5),
		"quantizer of 32 bits": change(good, 0xdb, 0, 0x20),
		"class 2":              change(good, 0xc4, 0, 0x20),
		"too many codes":       change(good, 0xc4, 1, 3),
		"codes beyond the end": change(good, 0xc4, 16, 200),
		"no scan":              without(good, 0xda),
		"component unknown":    change(good, 0xda, 1, 9),
		"component repeated":   change(good, 0xda, 3, 1),
		"table unknown":        change(good, 0xda, 2, 0x44),
		"five components":      change(good, 0xda, 0, 5),
		"band backwards":       change(progressive, 0xda, 7, 5),
		"band beyond":          change(progressive, 0xda, 8, 64),
		"many low bits":        change(progressive, 0xda, 9, 14),
		"refined before":       change(progressive, 0xda, 9, 0x31),
	} {
		wantError(t, name, data)
	}
}

// FuzzDecode opens and decodes anything, and checks that planes are as large as
// they say and no larger than the weight.
func FuzzDecode(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data, 8)
		f.Add(segment(data, 0xe1, "Exif\x00\x00MM"), 1)
		f.Add(segment(data, 0xe2, "ICC_PROFILE\x00\x01\x01abc"), 2)
		f.Add(segment(data, 0xee, "Adobe\x00\x64\x00\x00\x00\x00\x00"), 4)
	}
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		if n != 1 && n != 2 && n != 4 && n != 8 {
			return
		}
		f, err := jpeg.Open(data)
		if err != nil || f.Weight(n) > 1<<20 {
			return
		}
		planes, share, err := f.Decode(t.Context(), n)
		if err != nil {
			return
		}
		if share <= 0 || share > 1 {
			t.Errorf("share %v", share)
		}
		var total int64
		for i, p := range planes {
			total += int64(len(p.Pix))
			if p.Size.X < 1 || p.Size.Y < 1 || p.Stride < p.Size.X || len(p.Pix) < (p.Size.Y-1)*p.Stride+p.Size.X {
				t.Errorf("plane %d: %v in %d bytes of stride %d", i, p.Size, len(p.Pix), p.Stride)
			}
		}
		if count := len(planes); total > f.Weight(n) || count != 1 && count != 3 && count != 4 {
			t.Errorf("%d planes of %d bytes weigh %d", count, total, f.Weight(n))
		}
	})
}
