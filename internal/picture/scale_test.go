package picture_test

import (
	"image"
	"image/color"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// A pattern finer than the result must become even grey. Anything else is aliasing.
func TestFineCheckerboardBecomesGrey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ size, side, tolerance int }{
		{512, 256, 1}, {512, 250, 4}, {512, 128, 1}, {512, 100, 8}, {512, 131, 8}, {500, 64, 6}, {600, 61, 6},
		// Blocks of 3×3 have five pixels of one colour and four of the other.
		{510, 170, 15},
	} {
		board := image.NewGray(image.Rect(0, 0, c.size, c.size))
		for y := range c.size {
			for x := range c.size {
				board.SetGray(x, y, color.Gray{Y: uint8((x + y) % 2 * 255)})
			}
		}
		_, m := normalize(t, encodePNG(board), picture.Limits{MaxSide: c.side})
		worst := 0
		for y := range c.side {
			for x := range c.side {
				v := int(m.At(x, y).(color.RGBA).R)
				worst = max(worst, v-128, 127-v)
			}
		}
		if worst > c.tolerance {
			t.Errorf("%d→%d: off by %d, want at most %d", c.size, c.side, worst, c.tolerance)
		}
	}
}

// The hidden colour of transparent pixels must not bleed into their
// neighbours: here black around a red disc.
func TestTransparencyHasNoDarkEdges(t *testing.T) {
	const size = 400
	disc := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			if dx, dy := x-size/2, y-size/2; dx*dx+dy*dy < 150*150 {
				disc.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 255})
			}
		}
	}
	for _, side := range []int{400, 300, 200, 111, 37} {
		_, m := normalize(t, encodePNG(disc), picture.Limits{MaxSide: side})
		soft := 0
		for y := range side {
			for x := range side {
				c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
				if c.A > 0 && c.A < 255 {
					soft++
				}
				// Below that, 8 bits of premultiplied colour are too coarse to tell.
				if c.A > 16 && !near(c, color.NRGBA{255, 0, 0, c.A}, 1) {
					t.Fatalf("side %d: (%d,%d) is %v", side, x, y, c)
				}
			}
		}
		if centre := m.At(side/2, side/2); centre != (color.NRGBA{255, 0, 0, 255}) {
			t.Errorf("side %d: centre is %v", side, centre)
		}
		if side < size && soft == 0 {
			t.Errorf("side %d: no soft edge", side)
		}
	}
}

// A line one pixel wide stays where it was.
func TestScalingKeepsPlaces(t *testing.T) {
	const size, side = 997, 100 // divides nowhere
	for _, at := range []int{10, 498, 986} {
		line := image.NewGray(image.Rect(0, 0, size, size))
		for y := range size {
			line.SetGray(at, y, color.Gray{Y: 255})
		}
		_, m := normalize(t, encodePNG(line), picture.Limits{MaxSide: side})
		var sum, weighed float64
		for x := range side {
			v := float64(m.At(x, 50).(color.RGBA).R)
			sum += v
			weighed += v * (float64(x) + 0.5)
		}
		want := (float64(at) + 0.5) * side / size
		if got := weighed / sum; got < want-0.6 || got > want+0.6 {
			t.Errorf("a line at %d of %d went to %.2f of %d, want %.2f", at, size, got, side, want)
		}
	}
}

// Hard edges have no halo: they overshoot by less than a twentieth of the step, in each
// size and with each way of shrinking.
func TestEdgesHaveNoHalo(t *testing.T) {
	t.Parallel()
	const dark, light = 60, 190
	edge := func(w, h int) *image.Gray {
		m := grey(w, h, dark)
		for i := range m.Pix {
			if i%w > w*2/5 {
				m.Pix[i] = light
			}
		}
		return m
	}
	for name, data := range map[string][]byte{
		"png": encodePNG(edge(1500, 1100)), "large png": encodePNG(edge(2600, 1700)),
		"jpeg": encodeJPEG(edge(1500, 1100)), "large jpeg": encodeJPEG(edge(3400, 2600)),
	} {
		set := makeSet(t, data, picture.Crop{})
		for _, p := range append(set.Crops[:], set.Master) {
			m := decodeResult(t, p)
			allowed := (light - dark) / 20
			if p.Extension == "jpg" {
				allowed += 6 // of the encoder's own making
			}
			for x := range p.Width {
				v := int(color.GrayModel.Convert(m.At(x, p.Height/2)).(color.Gray).Y)
				if v < dark-allowed || v > light+allowed {
					t.Errorf("%s at %d: %d beside an edge from %d to %d", name, p.Width, v, dark, light)
				}
			}
		}
	}
}

// Premultiplied colours that overshoot must not exceed their alpha, or they would become
// other colours.
func TestHalfTransparentEdges(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 300, 300))
	for y := range 300 {
		for x := range 300 {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x / 100 % 2 * 255), 0, 0, 128})
		}
	}
	for _, side := range []int{300, 260, 190, 130} {
		_, got := normalize(t, encodePNG(m), picture.Limits{MaxSide: side})
		for x := range side {
			c := color.NRGBAModel.Convert(got.At(x, side/2)).(color.NRGBA)
			inside := x > side/3 && x < side*2/3-1
			if c.A != 128 || inside && c.R < 240 || x < side/3-1 && c.R > 15 {
				t.Errorf("side %d: %v at %d", side, c, x)
			}
		}
	}
}
