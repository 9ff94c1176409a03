package avatar

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Ada Lovelace":           "AL",
		"ada":                    "A",
		"Ada Augusta Lovelace":   "AL",
		"  élodie   ünal ":       "ÉÜ",
		"Анна Каренина":          "АК",
		"Ελένη":                  "Ε",
		"(Ada) \"Lovelace\"":     "AL",
		"o'Brien 2":              "O2",
		"Ada 🎉":                  "A",
		"ßeta":                   "ß", // unicode.ToUpper keeps it
		"王小明":                    "",  // not in the font
		"Ada 王":                  "",
		"🎉":                      "",
		"...":                    "",
		"":                       "",
		strings.Repeat("a ", 50): "AA",
	} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// FuzzText checks that Parse reads every avatar, and nothing that is no avatar.
func FuzzText(f *testing.F) {
	f.Add("Ada Lovelace", uint32(3), "aAL")
	f.Add("王", uint32(0), "")
	f.Add("", uint32(math.MaxUint32), "p")
	f.Fuzz(func(t *testing.T, name string, seed uint32, text string) {
		a := Of(name, seed)
		if again, err := Parse(a.Text()); err != nil || again != a {
			t.Errorf("%+v became %+v (%v)", a, again, err)
		}
		if utf8.RuneCountInString(a.Initials) > 2 {
			t.Errorf("%q is too long", a.Initials)
		}
		if a, err := Parse(text); err == nil {
			if a.Text() != text {
				t.Errorf("%q became %q", text, a.Text())
			}
			if _, err := a.PNG(16); err != nil {
				t.Errorf("%q cannot be drawn: %v", text, err)
			}
		}
	})
}

func TestBackgroundsAreReadable(t *testing.T) {
	for i, c := range backgrounds {
		if contrast := 1.05 / (luminance(c) + 0.05); contrast < 4.5 {
			t.Errorf("colour %d: white on %v has a contrast of %.1f", i, c, contrast)
		}
	}
}

// luminance as WCAG 2.2 defines it.
func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		if s := float64(v) / 255; s <= 0.04045 {
			return s / 12.92
		} else {
			return math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func TestLettersAreInTheMiddle(t *testing.T) {
	for _, text := range []string{"A", "AL", "WM", "ЖЩ", "ÅÉ", "Й", "Qg", ""} {
		for _, side := range []int{64, 512} {
			img := drawn(t, Avatar{text, 5}, side)
			ink := inked(img)
			if ink.Empty() || ink.Min.X <= 0 || ink.Max.X >= side || ink.Min.Y <= 0 {
				t.Errorf("%q at %d: drawn in %v", text, side, ink)
			}
			if middle := (ink.Min.X + ink.Max.X) / 2; abs(middle-side/2) > side/20 {
				t.Errorf("%q at %d: its middle is at %d", text, side, middle)
			}
		}
	}
}

func drawn(t *testing.T, a Avatar, side int) image.Image {
	t.Helper()
	data, err := a.PNG(side)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil || img.Bounds() != image.Rect(0, 0, side, side) {
		t.Fatalf("%v (%v)", img.Bounds(), err)
	}
	if limit := 400 + side*side/20; len(data) > limit {
		t.Errorf("%+v at %d takes %d bytes", a, side, len(data))
	}
	return img
}

// inked returns the smallest rectangle around everything but the background.
func inked(img image.Image) (ink image.Rectangle) {
	background := img.At(0, 0)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if img.At(x, y) != background {
				ink = ink.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return ink
}

func abs(n int) int { return max(n, -n) }

var sheet = flag.String("sheet", "", "write a sheet of avatars to this file")

func TestSheet(t *testing.T) {
	if *sheet == "" {
		t.Skip("no -sheet")
	}
	names := []string{"AL", "W", "ÅÉ", "ЖЩ", "ΩΨ", "MW", "i1", ""}
	out := image.NewRGBA(image.Rect(0, 0, 128*len(names), 128*2))
	for i, text := range names {
		for row := range 2 {
			img := drawn(t, Avatar{text, i + 8*row}, 128)
			draw.Draw(out, image.Rect(128*i, 128*row, 128*i+128, 128*row+128), img, image.Point{}, draw.Src)
		}
	}
	var data bytes.Buffer
	if err := png.Encode(&data, out); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*sheet, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkPNG(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Avatar{"AL", 3}).PNG(256); err != nil {
			b.Fatal(err)
		}
	}
}
