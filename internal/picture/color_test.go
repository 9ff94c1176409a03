package picture_test

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// displayP3 and grayProfile are colour profiles, which the tests of package icc wrote.
var displayP3, grayProfile = readProfile("display_p3"), readProfile("gray")

func readProfile(name string) string {
	data, err := os.ReadFile(filepath.Join("..", "icc", "testdata", name+".icc"))
	if err != nil {
		panic(err)
	}
	return string(data)
}

// withProfile returns a picture of one colour in each format that has profiles.
func withProfile(c color.NRGBA, profile string) map[string][]byte {
	m := image.NewNRGBA(image.Rect(0, 0, 48, 32))
	for i := range m.Pix {
		m.Pix[i] = []uint8{c.R, c.G, c.B, c.A}[i%4]
	}
	files := map[string][]byte{"png": withPNGChunk(encodePNG(m), "iCCP", "name\x00\x00"+compress([]byte(profile)))}
	if c.A == 255 {
		jpg := encodeJPEG(m)
		half := len(profile) / 2
		files["jpeg"] = withSegment(jpg, 0xe2, "ICC_PROFILE\x00\x01\x01"+profile)
		files["jpeg in two"] = withSegment(withSegment(jpg, 0xe2, "ICC_PROFILE\x00\x02\x02"+profile[half:]),
			0xe2, "ICC_PROFILE\x00\x01\x02"+profile[:half])
	}
	return files
}

func firstPixel(t testing.TB, p *picture.Picture) color.NRGBA {
	return color.NRGBAModel.Convert(decodeResult(t, p).At(5, 5)).(color.NRGBA)
}

// p3ToSRGB calculates in another way than the code: in linear light under D65, with the
// matrix of CSS Color 4.
func p3ToSRGB(c color.NRGBA) color.NRGBA {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	encode := func(x float64) uint8 {
		x = max(0, min(1, x))
		if x <= 0.0031308 {
			return clamp(255 * 12.92 * x)
		}
		return clamp(255 * (1.055*math.Pow(x, 1/2.4) - 0.055))
	}
	r, g, b := linear(c.R), linear(c.G), linear(c.B)
	return color.NRGBA{
		encode(1.2249402*r - 0.2249402*g), encode(-0.0420569*r + 1.0420569*g),
		encode(-0.0196376*r - 0.0786361*g + 1.0982736*b), c.A,
	}
}

func TestDisplayP3LooksTheSameInSRGB(t *testing.T) {
	for _, c := range []color.NRGBA{
		{200, 100, 50, 255}, {230, 180, 150, 255}, {20, 60, 40, 255}, {128, 128, 128, 255}, {255, 255, 255, 255}, {0, 0, 0, 255},
		{255, 0, 0, 255}, {0, 255, 0, 255}, // beyond sRGB: the nearest there is
	} {
		want := p3ToSRGB(c)
		for name, data := range withProfile(c, displayP3) {
			set := makeSet(t, data, picture.Crop{})
			tolerance := 2
			if name != "png" { // JPEG itself is off by as much
				tolerance = 4
			}
			for _, p := range []*picture.Picture{set.Master, set.Crops[0]} {
				if got := firstPixel(t, p); !near(got, want, tolerance) {
					t.Errorf("%s: %v became %v, want %v", name, c, got, want)
				}
			}
		}
	}
	half := color.NRGBA{200, 100, 50, 128}
	for name, data := range withProfile(half, displayP3) {
		if got := firstPixel(t, makeSet(t, data, picture.Crop{}).Master); !near(got, p3ToSRGB(half), 4) {
			t.Errorf("%s transparent: %v, want %v", name, got, p3ToSRGB(half))
		}
	}
	web := testdata(t, "lossless.webp")
	before := firstPixel(t, makeSet(t, web, picture.Crop{}).Master)
	web = webpFile("VP8X", webpHeader(0x20, 48, 32), "ICCP", displayP3, "VP8L", string(web[20:]))
	if got := firstPixel(t, makeSet(t, web, picture.Crop{}).Master); got == before || !near(got, p3ToSRGB(before), 2) {
		t.Errorf("webp: %v became %v, want %v", before, got, p3ToSRGB(before))
	}
}

// A profile that is not supported changes no colour, and no picture is refused for it.
func TestOtherProfilesAreIgnored(t *testing.T) {
	c := color.NRGBA{200, 100, 50, 255}
	for name, profile := range map[string]string{
		"empty": "", "text": "hello", "cut": displayP3[:200], "gray": grayProfile, "long": displayP3 + strings.Repeat("\x00", 512<<10),
	} {
		for format, data := range withProfile(c, profile) {
			if len(profile) > 65000 && format != "png" {
				continue // does not fit a segment
			}
			if got := firstPixel(t, makeSet(t, data, picture.Crop{}).Master); !near(got, c, 3) {
				t.Errorf("%s %s: %v", name, format, got)
			}
		}
	}
	zeros := compress(make([]byte, 64<<20))
	m := image.NewNRGBA(image.Rect(0, 0, 9, 9))
	for name, chunk := range map[string]string{
		"bomb": "n\x00\x00" + zeros, "method": "n\x00\x01" + compress([]byte(displayP3)), "no name": "\x00\x00" + zeros[:9],
		"no zlib": "n\x00\x00hello", "empty": "", "broken": "n\x00\x00" + compress([]byte(displayP3))[:100],
	} {
		data := withPNGChunk(encodePNG(m), "iCCP", chunk)
		if took := allocated(func() { makeSet(t, data, picture.Crop{}) }); took > 8<<20 { // the bomb has 64 MB
			t.Errorf("%s: allocates %d", name, took)
		}
	}
}

// Gray pictures take gray profiles.
func TestGrayProfile(t *testing.T) {
	pic := encodePNG(grey(9, 9, 150))
	plain := firstPixel(t, makeSet(t, pic, picture.Crop{}).Master)
	for name, data := range map[string][]byte{
		"png":  withPNGChunk(pic, "iCCP", "n\x00\x00"+compress([]byte(grayProfile))),
		"jpeg": withSegment(encodeJPEG(grey(9, 9, 150)), 0xe2, "ICC_PROFILE\x00\x01\x01"+grayProfile),
	} {
		got := firstPixel(t, makeSet(t, data, picture.Crop{}).Master)
		if got == plain || got.R != got.G || got.R != got.B {
			t.Errorf("%s: %v, without a profile %v", name, got, plain)
		}
	}
}

// Profiles of inks, and profiles in parts that do not fit, change nothing.
func TestProfilesThatDoNotFit(t *testing.T) {
	jpg := encodeJPEG(quadrants(48, 32))
	for name, data := range map[string][]byte{
		"a part missing": withSegment(jpg, 0xe2, "ICC_PROFILE\x00\x01\x02"+displayP3),
		"cmyk":           withSegment(testdata(t, "cmyk.jpg"), 0xe2, "ICC_PROFILE\x00\x01\x01"+displayP3),
	} {
		plain := makeSet(t, bytes.ReplaceAll(data, []byte("ICC_PROFILE"), []byte("NO__PROFILE")), picture.Crop{})
		if set := makeSet(t, data, picture.Crop{}); !bytes.Equal(set.Master.Data, plain.Master.Data) {
			t.Errorf("%s: changes the picture", name)
		}
	}
}
