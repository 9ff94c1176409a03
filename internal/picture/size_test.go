package picture_test

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ w, h, side, wantW, wantH int }{
		{1, 1, 1024, 1, 1},
		{1024, 64, 1024, 1024, 64},
		{1, 4000, 1024, 1, 1024},
		{4000, 1, 1024, 1024, 1},
		{301, 300, 300, 300, 299},
		{1025, 3, 1024, 1024, 3},
		{2048, 100, 1024, 1024, 50},
		{3, 5000, 64, 1, 64},
		{20000, 9, 1024, 1024, 1}, // wider than a tile
		{300, 200, 1, 1, 1},
		{1500, 300, 0, 1024, 205}, // the default
	} {
		p, _ := normalize(t, encodePNG(image.NewGray(image.Rect(0, 0, c.w, c.h))), picture.Limits{MaxSide: c.side})
		if p.Width != c.wantW || p.Height != c.wantH {
			t.Errorf("%d×%d within %d became %d×%d, want %d×%d", c.w, c.h, c.side, p.Width, p.Height, c.wantW, c.wantH)
		}
	}
}

func TestSidesAndAspectHold(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		w, h, side := 1+rnd.IntN(200), 1+rnd.IntN(200), 1+rnd.IntN(100)
		p, m := normalize(t, encodePNG(grey(w, h, 90)), picture.Limits{MaxSide: side})
		longest := max(w, h, side)
		wantW, wantH := float64(w)*float64(side)/float64(longest), float64(h)*float64(side)/float64(longest)
		if max(w, h) <= side {
			wantW, wantH = float64(w), float64(h)
		}
		if max(p.Width, p.Height) > side || off(p.Width, wantW) || off(p.Height, wantH) {
			t.Fatalf("%d×%d within %d became %d×%d", w, h, side, p.Width, p.Height)
		}
		// Scaling an even picture gives an even picture, to its very edges.
		for y := range p.Height {
			for x := range p.Width {
				if got := m.At(x, y).(color.RGBA); got != (color.RGBA{90, 90, 90, 255}) {
					t.Fatalf("%d×%d within %d: (%d,%d) is %v", w, h, side, x, y, got)
				}
			}
		}
	}
}

// off reports whether a side is more than a pixel from what it should be.
func off(got int, want float64) bool {
	return float64(got) > want+1 || float64(got) < want-1
}

func grey(w, h int, v uint8) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	return m
}
