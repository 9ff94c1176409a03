package picture_test

import (
	"image"
	"image/color"
	"math"
	"sync"
)

// scene draws a picture that is hard to scale and to compress: soft shades like skin,
// hard edges, ever finer lines, saturated colours and some noise. It looks the same in
// every size. Each size is drawn once; callers must not change it.
func scene(w, h int) *image.NRGBA {
	if m, ok := scenes.Load(image.Pt(w, h)); ok {
		return m.(*image.NRGBA)
	}
	m := drawScene(w, h)
	scenes.Store(image.Pt(w, h), m)
	return m
}

var scenes sync.Map // by size

func drawScene(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			u, v := (float64(x)+0.5)/float64(h), (float64(y)+0.5)/float64(h) // both by the height
			r, g, b := colorOf(u, v, float64(w)/float64(h))
			noise := float64(seed>>24)/64 - 2
			m.SetNRGBA(x, y, color.NRGBA{clamp(r + noise), clamp(g + noise), clamp(b + noise), 255})
		}
	}
	return m
}

func colorOf(u, v, width float64) (r, g, b float64) {
	cx, cy := u-width/2, v-0.45
	d := math.Hypot(cx, cy*0.8)
	switch {
	case d < 0.28: // a head, lit from the left
		light := 1 - 0.5*(cx+0.28) - 0.3*(cy+0.3)
		r, g, b = 230*light, 180*light, 150*light
		if math.Hypot(math.Abs(cx)-0.11, cy+0.05) < 0.035 {
			r, g, b = 40, 50, 90
		}
		if math.Abs(cy-0.14-0.3*cx*cx) < 0.012 && math.Abs(cx) < 0.12 {
			r, g, b = 190, 30, 40
		}
	case v > 0.8: // a shirt, of ever finer stripes
		s := math.Sin(math.Pow(u/width, 2) * 400)
		r, g, b = 128+110*s, 128+20*s, 128-80*s
	case u < 0.25 && v < 0.25: // rings, finer to the outside
		s := 110 * math.Cos(((u-0.12)*(u-0.12)+(v-0.12)*(v-0.12))*8000)
		r, g, b = 128+s, 128+s, 128+s
	case u > width-0.25 && v < 0.3: // hard edges of saturated colours
		r, g, b = 230, 20, 30
		if int(u*24+v*11)%2 == 0 {
			r, g, b = 20, 30, 220
		}
	default: // a wall
		r, g, b = 90+100*v, 140+60*u, 200-90*v
	}
	return r, g, b
}

func clamp(v float64) uint8 { return uint8(math.Max(0, math.Min(255, math.Round(v)))) }

// cutOut makes all of a scene transparent but the head, with a soft edge.
func cutOut(m *image.NRGBA) *image.NRGBA {
	w, h := float64(m.Rect.Dx()), float64(m.Rect.Dy())
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			d := math.Hypot((float64(x)-w/2)/h, (float64(y)/h-0.45)*0.8)
			m.Pix[m.PixOffset(x, y)+3] = clamp(255 * (0.27 - d) / 0.02)
		}
	}
	return m
}
