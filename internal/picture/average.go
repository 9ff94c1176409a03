package picture

import "image"

// Pixels are averaged tile by tile, so that a second copy of the whole picture
// never exists. A tile is drawn from the source, whatever its type, as 8-bit
// premultiplied RGBA; this one fits the cache of a core.
const (
	tilePixels   = 16384
	maxTileWidth = 8192
)

// average divides the canvas of f into n blocks (n.X across, n.Y down) and
// returns an image that has the average of each. Blocks differ by one pixel in
// size where n does not divide the canvas evenly: no pixel is lost, and nothing
// is pulled to one side.
func average(f frame, n image.Point) *image.RGBA {
	if n == f.canvas {
		return flatten(f)
	}
	dst := image.NewRGBA(image.Rectangle{Max: n})
	columns, rows := edges(f.canvas.X, n.X), edges(f.canvas.Y, n.Y)
	buf := make([]uint8, 4*tilePixels)
	// 64 bits: a block can be the whole picture.
	sums := make([]uint64, 4*n.X)
	for y := range n.Y {
		clear(sums)
		sumRows(f, rows[y], rows[y+1], columns, buf, sums)
		line := dst.Pix[y*dst.Stride:][:4*n.X]
		for x := range n.X {
			area := uint64(columns[x+1]-columns[x]) * uint64(rows[y+1]-rows[y])
			for i := 4 * x; i < 4*x+4; i++ {
				line[i] = uint8((sums[i] + area/2) / area)
			}
		}
	}
	return dst
}

// edges returns where each of the given number of blocks begins along a side of
// n pixels, and n at the end.
func edges(n, blocks int) []int {
	e := make([]int, blocks+1)
	for i := range e {
		e[i] = int(int64(i) * int64(n) / int64(blocks))
	}
	return e
}

// sumRows adds the rows from y0 up to y1 to the sums of one line of blocks.
func sumRows(f frame, y0, y1 int, columns []int, buf []uint8, sums []uint64) {
	width := min(f.canvas.X, maxTileWidth)
	for x := 0; x < f.canvas.X; x += width {
		w := min(width, f.canvas.X-x)
		height := tilePixels / w
		for y := y0; y < y1; y += height {
			tile := &image.RGBA{
				Pix:    buf[:4*w*min(height, y1-y)],
				Stride: 4 * w,
				Rect:   image.Rect(0, 0, w, min(height, y1-y)),
			}
			clear(tile.Pix)
			f.drawTo(tile, image.Pt(x, y))
			for row := tile.Pix; len(row) > 0; row = row[tile.Stride:] {
				sumRow(row[:tile.Stride], x, columns, sums)
			}
		}
	}
}

// sumRow adds a row of pixels that begins at the column x to the sums of the
// blocks it crosses.
func sumRow(row []uint8, x int, columns []int, sums []uint64) {
	n := len(columns) - 1
	b := blockAt(x, columns[n], n)
	for len(row) > 0 {
		end := min(len(row), 4*(columns[b+1]-x))
		var r, g, bl, a uint64
		for p := row[:end]; len(p) >= 4; p = p[4:] {
			r += uint64(p[0])
			g += uint64(p[1])
			bl += uint64(p[2])
			a += uint64(p[3])
		}
		s := sums[4*b:][:4]
		s[0] += r
		s[1] += g
		s[2] += bl
		s[3] += a
		row = row[end:]
		x += end / 4
		b++
	}
}

// blockAt returns which block the pixel x lies in: the inverse of edges.
func blockAt(x, n, blocks int) int {
	return int(((int64(x)+1)*int64(blocks) - 1) / int64(n))
}
