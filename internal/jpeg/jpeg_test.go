package picture_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// The files in testdata/jpeg were made by cjpeg (libjpeg-turbo 2.1.5) from
// scene.png beside them: every sampling, with restarts, progressive, and with a
// scan for each component.
func jpegFiles(t testing.TB) map[string][]byte {
	files := map[string][]byte{}
	entries, err := os.ReadDir("testdata/jpeg")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".jpg") {
			files[e.Name()] = testdata(t, "jpeg/"+e.Name())
		}
	}
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	return files
}

func TestEveryKindOfJPEG(t *testing.T) {
	want := readImage(t, testdata(t, "jpeg/scene.png"))
	gray := convert(image.NewGray(want.Bounds()), want)
	for name, data := range jpegFiles(t) {
		got, err := picture.DecodeJPEG(data, 8)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		like := want
		if strings.Contains(name, "gray") {
			like = gray
		}
		least := 0.97
		if name == "odd_factors.jpg" {
			least = 0.9 // has less of brightness than of colour
		}
		if s, d := ssim(got, like), difference(got, like); s < least || d > 1.5 {
			t.Errorf("%s: SSIM %.4f, colours off by %.2f", name, s, d)
		}
	}
}

// Where nothing is left out, and no colour is spread over several pixels, each
// pixel is that of Go's own decoder, give or take the rounding.
func TestJPEGIsLikeTheStandardLibrarys(t *testing.T) {
	for name, data := range jpegFiles(t) {
		want, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			if name != "odd_factors.jpg" { // which it does not know
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		got, err := picture.DecodeJPEG(data, 8)
		if err != nil || got.Bounds() != want.Bounds() {
			t.Errorf("%s: %v", name, err)
			continue
		}
		worst := 0
		for y := range want.Bounds().Dy() {
			for x := range want.Bounds().Dx() {
				a, b := got.RGBAAt(x, y), color.RGBAModel.Convert(want.At(x, y)).(color.RGBA)
				worst = max(worst, brightnessApart(a, b))
			}
		}
		limit := 3
		for _, spread := range []string{"420", "422", "440", "411", "restarts.jpg", "scans"} {
			if strings.HasPrefix(name, spread) || strings.HasSuffix(name, "420.jpg") {
				limit = 25 // where colours that differ are clipped
			}
		}
		if worst > limit {
			t.Errorf("%s: off by %d", name, worst)
		}
	}
}

func brightnessApart(a, b color.RGBA) int {
	y := func(c color.RGBA) int { return (299*int(c.R) + 587*int(c.G) + 114*int(c.B)) / 1000 }
	return max(y(a)-y(b), y(b)-y(a))
}

// Decoded to fewer samples a block, a picture is what its average would be.
func TestJPEGAtASmallerSize(t *testing.T) {
	for name, data := range jpegFiles(t) {
		if name == "odd_factors.jpg" {
			continue // whose brightness has fewer samples from the start
		}
		whole, err := picture.DecodeJPEG(data, 8)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n, most := range map[int]float64{4: 3, 2: 3, 1: 1.5} {
			got, err := picture.DecodeJPEG(data, n)
			if err != nil || got.Rect.Dx() != (90*n+7)/8 || got.Rect.Dy() != (62*n+7)/8 {
				t.Errorf("%s at %d: %v, %v", name, n, got.Rect, err)
				continue
			}
			if d := offAverage(got, whole, 8/n); d > most {
				t.Errorf("%s at %d: off by %.2f", name, n, d)
			}
		}
	}
}

// offAverage returns by how much the brightness of small differs from that of
// the averages of blocks of whole, leaving out what hangs over the edge.
func offAverage(small, whole *image.RGBA, block int) float64 {
	s, w := brightness(channels(small)), brightness(channels(whole))
	sum, n := 0.0, 0
	for y := range whole.Rect.Dy() / block {
		for x := range whole.Rect.Dx() / block {
			d := -s[y*small.Rect.Dx()+x]
			for i := range block * block {
				d += w[(y*block+i/block)*whole.Rect.Dx()+x*block+i%block] / float64(block*block)
			}
			sum += max(d, -d)
			n++
		}
	}
	return sum / float64(n)
}

// What a decoder could trip over.
func TestBrokenJPEG(t *testing.T) {
	good := testdata(t, "jpeg/420.jpg")
	progressive := testdata(t, "jpeg/progressive_420.jpg")
	change := func(data []byte, marker byte, at int, v byte) []byte {
		b := bytes.Clone(data)
		b[bytes.Index(b, []byte{0xff, marker})+4+at] = v
		return b
	}
	without := func(data []byte, marker byte) []byte {
		b := bytes.Clone(data)
		for i := bytes.Index(b, []byte{0xff, marker}); i >= 0; i = bytes.Index(b, []byte{0xff, marker}) {
			b[i+1] = 0xfe // a comment
		}
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
		"no codes":             without(good, 0xc4),
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
		wantInvalid(t, name, data)
	}
	restarts := testdata(t, "jpeg/restarts.jpg")
	second := bytes.Index(restarts, []byte{0xff, 0xd1})
	wrong := bytes.Clone(restarts)
	wrong[second+1] = 0xd5
	wantInvalid(t, "a restart out of turn", wrong)
	wantInvalid(t, "data missing, but not the end", append(bytes.Clone(good[:len(good)-100]), 0xff, 0xd9))
	wantInvalid(t, "a restart lost", append(bytes.Clone(restarts[:second]), restarts[second+2:]...))
}
