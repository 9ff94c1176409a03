package icc_test

import (
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/icc"
)

var update = flag.Bool("update", false, "write the files in testdata")

// The files in testdata are for the tests of other packages, too.
func TestFiles(t *testing.T) {
	for file, want := range map[string]string{"testdata/display_p3.icc": displayP3, "testdata/gray.icc": gray} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s has %d bytes, want %d (%v)", file, len(got), len(want), err)
		}
	}
}

// gray is a profile of one curve.
var gray = profile("GRAY", "kTRC", table(5<<8))

// conversion parses a profile and prepares its conversion.
func conversion(t *testing.T, data string) *icc.Conversion {
	t.Helper()
	p, err := icc.Parse([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return p.ToSRGB()
}

type rgb [3]uint8

func (c rgb) convert(by *icc.Conversion) (out rgb) {
	out[0], out[1], out[2] = by.Convert(c[0], c[1], c[2])
	return out
}

// near reports whether no value of a and b differs by more than one.
func near(a, b rgb) bool {
	for i := range a {
		if max(a[i], b[i])-min(a[i], b[i]) > 1 {
			return false
		}
	}
	return true
}

// encode returns the value of sRGB for an amount of light.
func encode(light float64) uint8 {
	light = max(0, min(1, light))
	if light <= 0.0031308 {
		return uint8(math.Round(255 * 12.92 * light))
	}
	return uint8(math.Round(255 * (1.055*math.Pow(light, 1/2.4) - 0.055)))
}

// p3ToSRGB calculates in another way than the code: in linear light under D65, with
// the matrix of CSS Color 4.
func p3ToSRGB(c rgb) rgb {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	r, g, b := linear(c[0]), linear(c[1]), linear(c[2])
	return rgb{
		encode(1.2249402*r - 0.2249402*g), encode(-0.0420569*r + 1.0420569*g),
		encode(-0.0196376*r - 0.0786361*g + 1.0982736*b),
	}
}

func TestDisplayP3(t *testing.T) {
	convert := conversion(t, displayP3)
	for _, c := range []rgb{
		{200, 100, 50}, {230, 180, 150}, {20, 60, 40}, {128, 128, 128}, {255, 255, 255}, {0, 0, 0},
		{255, 0, 0}, {0, 255, 0}, // beyond sRGB: clipped
	} {
		if got, want := c.convert(convert), p3ToSRGB(c); !near(got, want) {
			t.Errorf("%v became %v, want %v", c, got, want)
		}
	}
}

// srgb are the colours of sRGB, adapted to D50.
var srgb = [3][3]float64{{0.43607, 0.38515, 0.14307}, {0.22249, 0.71687, 0.06061}, {0.01392, 0.09708, 0.71410}}

func TestSRGBNeedsNoConversion(t *testing.T) {
	curve := formula(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	if conversion(t, matrixProfile(srgb, curve)) != nil || conversion(t, profile("GRAY", "kTRC", curve)) != nil {
		t.Error("there is one")
	}
}

// Every form of a curve that means the same has the same result.
func TestToneCurves(t *testing.T) {
	squares := make([]uint16, 1025)
	for i := range squares {
		squares[i] = uint16(math.Round(65535 * float64(i) * float64(i) / 1024 / 1024))
	}
	square := func(v uint8) uint8 { return encode(float64(v) * float64(v) / 255 / 255) }
	c := rgb{100, 150, 200}
	want := rgb{square(c[0]), square(c[1]), square(c[2])}
	for name, curve := range map[string]string{
		"gamma": table(2 << 8), "table": table(squares...), "formula 0": formula(0, 2),
		"formula 1": formula(1, 2, 1, 0), "formula 2": formula(2, 2, 1, 0, 0),
		"formula 3": formula(3, 2, 1, 0, 9, 0), "formula 4": formula(4, 2, 1, 0, 9, 0, 0, 9),
	} {
		if got := c.convert(conversion(t, matrixProfile(srgb, curve))); !near(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		if got := c.convert(conversion(t, profile("GRAY", "kTRC", curve))); !near(got, rgb{want[0], want[0], want[0]}) {
			t.Errorf("gray, %s: %v, want %d", name, got, want[0])
		}
	}
	if got := (rgb{55, 55, 55}).convert(conversion(t, matrixProfile(srgb, table()))); !near(got, rgb{128, 128, 128}) {
		t.Errorf("linear: %v", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"empty": "", "text": "hello", "cut": displayP3[:200], "no signature": strings.Replace(displayP3, "acsp", "xxxx", 1),
		"lab": strings.Replace(displayP3, "XYZ ", "Lab ", 1), "ink": strings.Replace(displayP3, "RGB ", "CMYK", 1),
		"no curve":   strings.Replace(displayP3, "gTRC", "xTRC", 1),
		"no matrix":  strings.Replace(displayP3, "bXYZ", "xXYZ", 1),
		"odd curve":  strings.Replace(displayP3, "para", "sf32", 3),
		"formula 5":  strings.ReplaceAll(displayP3, "\x00\x03\x00\x00", "\x00\x05\x00\x00"),
		"too long":   displayP3 + strings.Repeat("\x00", icc.MaxSize),
		"huge curve": matrixProfile([3][3]float64{}, "curv\x00\x00\x00\x00\xff\xff\xff\xff"),
		"no number":  matrixProfile([3][3]float64{{1, 1, 1}}, formula(1, 0.5, -1, 0.5)),
		"far tag":    strings.ReplaceAll(displayP3, "\x00\x00\x00\x14", "\xff\xff\xff\xff"),
		"many tags":  displayP3[:128] + "\xff\xff\xff\xff" + displayP3[132:140],
	} {
		if p, err := icc.Parse([]byte(data)); err == nil || p != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParse parses anything and converts some colours. Gray stays gray.
func FuzzParse(f *testing.F) {
	f.Add([]byte(displayP3))
	f.Add([]byte(profile("GRAY", "kTRC", table(0, 9000, 65535))))
	for kind := range byte(5) {
		f.Add([]byte(matrixProfile([3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, formula(kind, 2, 1, 0, 1, 0, 0, 0))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := icc.Parse(data)
		if err != nil {
			return
		}
		c := p.ToSRGB()
		if c == nil {
			return
		}
		for _, v := range []uint8{0, 1, 127, 255} {
			if r, g, b := c.Convert(v, v, v); p.Gray() && (r != g || r != b) {
				t.Errorf("gray %d became %d, %d, %d", v, r, g, b)
			}
		}
	})
}
