package picture_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// Display P3 as phones write it: its colours, adapted to D50, and the curve of
// sRGB (ICC, "Display P3" in the registry of characterization data).
var displayP3 = matrixProfile([3][3]float64{
	{0.51512, 0.29198, 0.15710}, {0.24120, 0.69225, 0.06657}, {-0.00105, 0.04189, 0.78407},
}, formula(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045))

// iccProfile builds a profile of tags, given as pairs of name and content.
func iccProfile(space string, tags ...string) string {
	head := make([]byte, 128)
	copy(head[8:], "\x04\x20\x00\x00mntr"+space+"XYZ ") // version 4.2, of a monitor
	copy(head[36:], "acsp")
	copy(head[68:], fixed(0.9642, 1, 0.8249)) // D50
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)/2))
	at, content := 132+12*len(tags)/2, ""
	for i := 0; i < len(tags); i += 2 {
		table = append(table, tags[i]...)
		table = binary.BigEndian.AppendUint32(table, uint32(at+len(content)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(tags[i+1])))
		content += tags[i+1]
	}
	binary.BigEndian.PutUint32(head, uint32(at+len(content)))
	return string(head) + string(table) + content
}

func matrixProfile(xyz [3][3]float64, curve string) string {
	column := func(i int) string { return "XYZ \x00\x00\x00\x00" + fixed(xyz[0][i], xyz[1][i], xyz[2][i]) }
	return iccProfile("RGB ", "rXYZ", column(0), "gXYZ", column(1), "bXYZ", column(2),
		"rTRC", curve, "gTRC", curve, "bTRC", curve)
}

func fixed(numbers ...float64) string {
	var b []byte
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(n*65536))))
	}
	return string(b)
}

// formula is a tone curve by one of the five formulas (ICC.1:2010, 10.18).
func formula(kind byte, numbers ...float64) string {
	return "para\x00\x00\x00\x00\x00" + string(rune(kind)) + "\x00\x00" + fixed(numbers...)
}

// table is a tone curve by its values (10.6).
func table(values ...uint16) string {
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), uint32(len(values)))
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return string(b)
}

// withProfile returns a picture of one colour in each format that can carry a
// profile.
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

// p3ToSRGB calculates by another way than the code: in linear light under D65, by
// the matrix of CSS Color 4.
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
			if name != "png" { // encoded twice: JPEG is off by as much itself
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

// All forms of a curve that say the same give the same.
func TestToneCurves(t *testing.T) {
	srgb := [3][3]float64{{0.43607, 0.38515, 0.14307}, {0.22249, 0.71687, 0.06061}, {0.01392, 0.09708, 0.71410}}
	squares := make([]uint16, 1025)
	for i := range squares {
		squares[i] = uint16(math.Round(65535 * float64(i) * float64(i) / 1024 / 1024))
	}
	c := color.NRGBA{100, 150, 200, 255}
	encode := func(v uint8) uint8 { // of a square
		x := float64(v) * float64(v) / 255 / 255
		return clamp(255 * (1.055*math.Pow(x, 1/2.4) - 0.055))
	}
	want := color.NRGBA{encode(c.R), encode(c.G), encode(c.B), 255}
	for name, curve := range map[string]string{
		"gamma": table(2 << 8), "table": table(squares...), "formula 0": formula(0, 2),
		"formula 1": formula(1, 2, 1, 0), "formula 2": formula(2, 2, 1, 0, 0),
		"formula 3": formula(3, 2, 1, 0, 9, 0), "formula 4": formula(4, 2, 1, 0, 9, 0, 0, 9),
	} {
		data := withProfile(c, matrixProfile(srgb, curve))["png"]
		if got := firstPixel(t, makeSet(t, data, picture.Crop{}).Master); !near(got, want, 1) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		pic := withPNGChunk(encodePNG(grey(9, 9, 150)), "iCCP", "n\x00\x00"+compress([]byte(iccProfile("GRAY", "kTRC", curve))))
		if got := firstPixel(t, makeSet(t, pic, picture.Crop{}).Master); !near(got, color.NRGBA{want.G, want.G, want.G, 255}, 1) {
			t.Errorf("gray %s: %v, want %d", name, got, want.G)
		}
	}
	// The identity: what is linear.
	data := withProfile(color.NRGBA{55, 55, 55, 255}, matrixProfile(srgb, table()))["png"]
	if got := firstPixel(t, makeSet(t, data, picture.Crop{}).Master); !near(got, color.NRGBA{128, 128, 128, 255}, 1) {
		t.Errorf("linear: %v", got)
	}
}

// What is no simple profile, or not one for such a picture, changes no colour;
// nor is any picture refused for it.
func TestOtherProfilesAreIgnored(t *testing.T) {
	c := color.NRGBA{200, 100, 50, 255}
	zeros := compress(make([]byte, 64<<20))
	for name, profile := range map[string]string{
		"empty": "", "text": "hello", "cut": displayP3[:200], "no signature": strings.Replace(displayP3, "acsp", "xxxx", 1),
		"lab": strings.Replace(displayP3, "XYZ ", "Lab ", 1), "ink": strings.Replace(displayP3, "RGB ", "CMYK", 1),
		"gray": iccProfile("GRAY", "kTRC", table(5<<8)), "no curve": strings.Replace(displayP3, "gTRC", "xTRC", 1),
		"no matrix": strings.Replace(displayP3, "bXYZ", "xXYZ", 1), "odd curve": strings.Replace(displayP3, "para", "sf32", 3),
		"formula 5": strings.ReplaceAll(displayP3, "\x00\x03\x00\x00", "\x00\x05\x00\x00"),
		"long":      displayP3 + strings.Repeat("\x00", 512<<10),
		"huge curve": matrixProfile([3][3]float64{},
			"curv\x00\x00\x00\x00\xff\xff\xff\xff"),
		"no number":     matrixProfile([3][3]float64{{1, 1, 1}}, formula(1, 0.5, -1, 0.5)),
		"far tag":       strings.ReplaceAll(displayP3, "\x00\x00\x00\x14", "\xff\xff\xff\xff"),
		"endless table": displayP3[:128] + "\xff\xff\xff\xff" + displayP3[132:140],
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
	m := image.NewNRGBA(image.Rect(0, 0, 9, 9))
	for name, chunk := range map[string]string{
		"bomb": "n\x00\x00" + zeros, "method": "n\x00\x01" + compress([]byte(displayP3)), "no name": "\x00\x00" + zeros[:9],
		"no zlib": "n\x00\x00hello", "empty": "", "broken": "n\x00\x00" + compress([]byte(displayP3))[:100],
	} {
		data := withPNGChunk(encodePNG(m), "iCCP", chunk)
		if took := allocated(func() { makeSet(t, data, picture.Crop{}) }); took > 8<<20 { // of which the bomb has 64 MB
			t.Errorf("%s: allocates %d", name, took)
		}
	}
}

// A JPEG of gray, of inks, or of a profile in pieces that do not fit.
func TestProfilesThatDoNotFit(t *testing.T) {
	pieces := func(parts ...string) []byte {
		jpg := encodeJPEG(quadrants(48, 32))
		for _, p := range parts {
			jpg = withSegment(jpg, 0xe2, "ICC_PROFILE\x00"+p)
		}
		return jpg
	}
	for name, data := range map[string][]byte{
		"missing":  pieces("\x01\x02" + displayP3),
		"zero":     pieces("\x00\x00"+displayP3, "\x00\x01"+displayP3),
		"beyond":   pieces("\x02\x01" + displayP3),
		"counts":   pieces("\x01\x02"+displayP3[:50], "\x02\x03"+displayP3[50:]),
		"short":    pieces("\x01"),
		"cmyk":     withSegment(testdata(t, "cmyk.jpg"), 0xe2, "ICC_PROFILE\x00\x01\x01"+displayP3),
		"too long": pieces(strings.Split(strings.Repeat("\x01\x01"+strings.Repeat("A", 60000)+"\n", 12), "\n")...),
	} {
		plain := makeSet(t, withoutAPP2(data), picture.Crop{})
		if set := makeSet(t, data, picture.Crop{}); !bytes.Equal(set.Master.Data, plain.Master.Data) {
			t.Errorf("%s: changes the picture", name)
		}
	}
}

// withoutAPP2 renames the segments that could have a profile.
func withoutAPP2(jpg []byte) []byte {
	return bytes.ReplaceAll(jpg, []byte("ICC_PROFILE"), []byte("NO__PROFILE"))
}
