package picture_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	xdraw "golang.org/x/image/draw"

	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

var sheet = flag.String("picture.sheet", "", "write a contact sheet of TestRealCases, a PNG, to this file: a row has the name, the source as it is stored, the master, and the crops")

// realCase is a typical upload.
type realCase struct {
	data      []byte
	extension string // of the master
	crop      picture.Crop
	like      image.Image // how it should look; nil: like the scene
}

func realCases(t testing.TB) map[string]realCase {
	m := scene(300, 200)
	cases := map[string]realCase{
		"jpeg":               {data: encodeJPEG(m), extension: "jpg"},
		"jpeg, cropped":      {data: encodeJPEG(scene(1200, 800)), extension: "jpg", crop: picture.Crop{X: 300, Y: 40, Side: 600}},
		"jpeg cmyk":          {data: testdata(t, "cmyk_scene.jpg"), extension: "jpg", like: jpegScene(t)},
		"jpeg with P3":       {data: withSegment(encodeJPEG(m), 0xe2, "ICC_PROFILE\x00\x01\x01"+displayP3), extension: "jpg", like: fromP3(m)},
		"png":                {data: encodePNG(m), extension: "png"},
		"png large":          {data: encodePNG(scene(1200, 800)), extension: "png"},
		"png 16 bit":         {data: encodePNG(convert(image.NewRGBA64(m.Rect), m)), extension: "png"},
		"png transparent":    {data: encodePNG(cutOut(drawScene(300, 200))), extension: "png", like: cutOut(drawScene(300, 200))},
		"png with P3":        {data: withPNGChunk(encodePNG(m), "iCCP", "P3\x00\x00"+compress([]byte(displayP3))), extension: "png", like: fromP3(m)},
		"png gray":           {data: encodePNG(convert(image.NewGray(m.Rect), m)), extension: "png", like: convert(image.NewGray(m.Rect), m)},
		"png gray 16 bit":    {data: encodePNG(convert(image.NewGray16(m.Rect), m)), extension: "png", like: convert(image.NewGray(m.Rect), m)},
		"png interlaced":     {data: interlacedPNG(convert(image.NewGray(m.Rect), m)), extension: "png", like: convert(image.NewGray(m.Rect), m)},
		"png palette":        {data: encodePNG(paletted(quadrants(300, 200))), extension: "png", like: quadrants(300, 200)},
		"gif":                {data: encodeGIF(paletted(quadrants(300, 200))), extension: "png", like: quadrants(300, 200)},
		"gif animated":       {data: encodeGIF(paletted(quadrants(300, 200)), paletted(grey(300, 200, 9))), extension: "png", like: quadrants(300, 200)},
		"webp lossy":         {data: testdata(t, "lossy.webp"), extension: "jpg", like: quadrants(48, 32)},
		"webp lossless":      {data: testdata(t, "lossless.webp"), extension: "png", like: quadrants(48, 32)},
		"webp transparent":   {data: testdata(t, "lossy_alpha.webp"), extension: "png", like: hole(quadrants(48, 32))},
		"webp animated":      {data: testdata(t, "animated_opaque.webp"), extension: "jpg", like: quadrants(48, 32)},
		"webp animated hole": {data: testdata(t, "animated_alpha.webp"), extension: "png", like: hole(quadrants(48, 32))},
		"1×1":                {data: encodePNG(grey(1, 1, 200)), extension: "png", like: grey(1, 1, 200)},
		"1×4000":             {data: encodePNG(grey(1, 4000, 200)), extension: "png", like: grey(1, 1024, 200)},
		"4000×1":             {data: encodeJPEG(grey(4000, 1, 200)), extension: "jpg", like: grey(1024, 1, 200)},
	}
	for name, data := range jpegFiles(t) {
		c := realCase{data: data, extension: "jpg", like: jpegScene(t)}
		if strings.Contains(name, "gray") {
			c.like = convert(image.NewGray(c.like.Bounds()), c.like)
		}
		cases["cjpeg "+name] = c
	}
	for o := uint16(1); o <= 8; o++ {
		name := "turned " + string(rune('0'+o))
		cases[name] = realCase{data: withSegment(encodeJPEG(stored(m, int(o))), 0xe1, "Exif\x00\x00"+exif(o, "d")), extension: "jpg"}
	}
	return cases
}

// stored returns the picture as a camera stores it with EXIF orientation o. It is the
// inverse of turning it upright.
func stored(m *image.NRGBA, o int) *image.NRGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewNRGBA(m.Rect)
	if o >= 5 {
		out = image.NewNRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			// Where row 0 and column 0 are seen: Exif 2.32, 4.6.4.A.
			at := map[int]image.Point{
				1: {x, y}, 2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {y, w - 1 - x}, 7: {h - 1 - y, w - 1 - x}, 8: {h - 1 - y, x},
			}[o]
			out.SetNRGBA(at.X, at.Y, m.NRGBAAt(x, y))
		}
	}
	return out
}

func fromP3(m *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(m.Rect)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			out.SetNRGBA(x, y, p3ToSRGB(m.NRGBAAt(x, y)))
		}
	}
	return out
}

// hole makes the last quarter transparent.
func hole(m *image.NRGBA) *image.NRGBA {
	draw.Draw(m, image.Rect(m.Rect.Dx()/2, m.Rect.Dy()/2, m.Rect.Dx(), m.Rect.Dy()), image.Transparent, image.Point{}, draw.Src)
	return m
}

func TestRealCases(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	cases := realCases(t)
	var rows []image.Image
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		set := makeSet(t, c.data, c.crop)
		master := decodeResult(t, set.Master)
		if set.Master.Extension != c.extension {
			t.Errorf("%s: stored as %s, want %s", name, set.Master.Extension, c.extension)
		}
		like := c.like
		if like == nil {
			like = scene(set.Master.Width, set.Master.Height)
		}
		if d := difference(master, like); like.Bounds().Size() != master.Bounds().Size() || d > 3 {
			t.Errorf("%s: %v, colours off by %.2f", name, master.Bounds(), d)
		}
		if *sheet != "" {
			rows = append(rows, sheetRow(t, c, set))
			t.Logf("row %d: %s", len(rows), name)
		}
	}
	if *sheet != "" {
		writeSheet(t, rows)
	}
}

const cell = 128 // pixels of the contact sheet, a side

// sheetRow draws the source, the master and the crops in a row.
func sheetRow(t *testing.T, c realCase, set *picture.Set) image.Image {
	row := image.NewRGBA(image.Rect(0, 0, cell*(2+len(set.Crops)), cell))
	for y := range row.Rect.Dy() {
		for x := range row.Rect.Dx() {
			row.SetRGBA(x, y, []color.RGBA{{190, 190, 190, 255}, {225, 225, 225, 255}}[(x/8+y/8)%2])
		}
	}
	pictures := []image.Image{nil, decodeResult(t, set.Master)}
	if m, _, err := image.Decode(bytes.NewReader(c.data)); err == nil {
		pictures[0] = m // files that Go's decoders do not know are left out
	}
	for _, p := range slices.Backward(set.Crops[:]) {
		pictures = append(pictures, decodeResult(t, p))
	}
	for i, m := range pictures {
		if m == nil {
			continue
		}
		size := m.Bounds().Size()
		longest := max(size.X, size.Y)
		w, h := max(1, size.X*(cell-4)/longest), max(1, size.Y*(cell-4)/longest)
		xdraw.CatmullRom.Scale(row, image.Rect(i*cell+2, 2, i*cell+2+w, 2+h), m, m.Bounds(), xdraw.Over, nil)
	}
	return row
}

func writeSheet(t *testing.T, rows []image.Image) {
	const columns = 2
	height := (len(rows) + columns - 1) / columns
	width := rows[0].Bounds().Dx()
	out := image.NewRGBA(image.Rect(0, 0, columns*(width+16), height*cell))
	for i, row := range rows {
		at := image.Pt(i/height*(width+16), i%height*cell)
		draw.Draw(out, row.Bounds().Add(at), row, image.Point{}, draw.Src)
	}
	if err := os.WriteFile(*sheet, encodePNG(out), 0o600); err != nil {
		t.Fatal(err)
	}
}
