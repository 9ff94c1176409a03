package picture_test

import (
	"bytes"
	"context"
	"flag"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The files in testdata/reference were made once by libvips 8.14.1 and
// ImageMagick 6.9.11, from files that this command writes:
//
//	go test ./internal/picture -run TestReferences -picture.sources=DIR
//
//	vipsthumbnail photo.jpg -s 240x240 -o photo.png
//	vipsthumbnail photo.jpg -s 128x128 -m centre -o photo_crop.png
//
// and so for drawing.png, cutout.png and p3.png, for the last with "-e srgb". For inks:
//
//	convert cmyk_scene.jpg -colorspace sRGB cmyk_scene.png
var sources = flag.String("picture.sources", "", "write the sources of the reference pictures to this folder")

// referenceSources are large enough for every step: JPEG at a smaller size, averaging, and
// resizing. libvips cuts crops from a shrunk picture; with these sides it cuts the same
// ones.
func referenceSources() map[string][]byte {
	return map[string][]byte{
		"photo.jpg":   encodeJPEG(scene(3600, 2400)),
		"drawing.png": encodePNG(scene(1200, 800)),
		"cutout.png":  encodePNG(cutOut(drawScene(900, 600))),
		"p3.png":      withPNGChunk(encodePNG(scene(750, 500)), "iCCP", "P3\x00\x00"+compress([]byte(displayP3))),
	}
}

func TestReferences(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	all := referenceSources()
	if *sources != "" {
		for name, data := range all {
			if err := os.WriteFile(filepath.Join(*sources, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	for name, data := range all {
		base := name[:len(name)-len(filepath.Ext(name))]
		set, err := makeFrom(context.Background(), data, picture.Limits{MaxSide: 240, MaxTime: plenty}, picture.Crop{})
		if err != nil {
			t.Fatal(err)
		}
		for file, p := range map[string]*picture.Picture{base: set.Master, base + "_crop": set.Crops[1]} {
			want := readImage(t, testdata(t, "reference/"+file+".png"))
			similarity := ssim(decodeResult(t, p), want)
			apart := difference(decodeResult(t, p), want)
			t.Logf("%s: SSIM %.4f, colours off by %.2f", file, similarity, apart)
			if similarity < 0.96 || apart > 1 {
				t.Errorf("%s: SSIM %.4f to the reference, colours off by %.2f", file, similarity, apart)
			}
		}
	}
}

// CMYK without a profile looks as in ImageMagick and in browsers.
func TestInksAreLikeTheReference(t *testing.T) {
	want := readImage(t, testdata(t, "reference/cmyk_scene.png"))
	_, got := normalize(t, testdata(t, "cmyk_scene.jpg"), picture.Limits{})
	if s := ssim(got, want); s < 0.97 {
		t.Errorf("SSIM %.4f", s)
	}
	if d := difference(got, want); d > 2.5 {
		t.Errorf("colours are off by %.2f on average", d)
	}
}

func readImage(t testing.TB, data []byte) image.Image {
	t.Helper()
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ssim returns the structural similarity of two pictures of one size (Wang et
// al., 2004), by brightness, as usual, or by alpha if that is worse, in windows
// of 8×8 pixels that overlap by half.
func ssim(a, b image.Image) float64 {
	if a.Bounds().Size() != b.Bounds().Size() {
		return 0
	}
	x, y := channels(a), channels(b)
	return min(planeSSIM(brightness(x), brightness(y), a.Bounds().Dx()), planeSSIM(x[3], y[3], a.Bounds().Dx()))
}

func brightness(c [4][]float64) []float64 {
	out := make([]float64, len(c[0]))
	for i := range out {
		out[i] = 0.299*c[0][i] + 0.587*c[1][i] + 0.114*c[2][i]
	}
	return out
}

func planeSSIM(a, b []float64, stride int) float64 {
	sum, windows := 0.0, 0
	for top := 0; top+8 <= len(a)/stride; top += 4 {
		for left := 0; left+8 <= stride; left += 4 {
			sum += windowSSIM(a[top*stride+left:], b[top*stride+left:], stride)
			windows++
		}
	}
	return sum / float64(windows)
}

func windowSSIM(a, b []float64, stride int) float64 {
	const n, c1, c2 = 64, 0.01 * 255 * 0.01 * 255, 0.03 * 255 * 0.03 * 255
	var sa, sb, saa, sbb, sab float64
	for y := range 8 {
		for x := range 8 {
			p, q := a[y*stride+x], b[y*stride+x]
			sa, sb, saa, sbb, sab = sa+p, sb+q, saa+p*p, sbb+q*q, sab+p*q
		}
	}
	ma, mb := sa/n, sb/n
	return (2*ma*mb + c1) * (2*(sab/n-ma*mb) + c2) / ((ma*ma + mb*mb + c1) * (saa/n - ma*ma + sbb/n - mb*mb + c2))
}

// channels returns red, green, blue and alpha. Colours are those before a gray
// background.
func channels(m image.Image) [4][]float64 {
	var out [4][]float64
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.RGBAModel.Convert(m.At(x, y)).(color.RGBA)
			for i, v := range []uint8{c.R, c.G, c.B} {
				out[i] = append(out[i], float64(v)+0.5*float64(255-c.A))
			}
			out[3] = append(out[3], float64(c.A))
		}
	}
	return out
}

// difference returns by how much the colours of two pictures differ on average,
// in blocks of 8×8 pixels: JPEG keeps no finer ones.
func difference(a, b image.Image) float64 {
	x, y, w := channels(a), channels(b), a.Bounds().Dx()
	sum, blocks := 0.0, 0
	for c := range x {
		for top := 0; top+8 <= len(x[c])/w; top += 8 {
			for left := 0; left+8 <= w; left += 8 {
				apart := 0.0
				for i := range 64 {
					at := (top+i/8)*w + left + i%8
					apart += (x[c][at] - y[c][at]) / 64
				}
				sum += max(apart, -apart)
				blocks++
			}
		}
	}
	return sum / float64(blocks)
}
