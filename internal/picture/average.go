package picture

import (
	"context"
	"image"
	"image/draw"
)

// Pixels are averaged tile by tile, so there is never a second copy of the picture. A
// tile is drawn from the source, whatever its type, as premultiplied RGBA of 8 bits.
// This size fits the cache of a core.
const (
	tilePixels   = 16384
	maxTileWidth = 8192
)

// shrink returns a part of the canvas of f in at least the given size, and less than
// twice that. Averaging whole blocks is fast, and fine patterns do not alias.
//
// Colours are premultiplied, so those of transparent pixels do not bleed.
func shrink(ctx context.Context, f frame, part image.Rectangle, atLeast image.Point) (*bitmap, error) {
	n := blocks(part.Size(), atLeast)
	b := &bitmap{toRGBA: rgbaRow}
	for range 4 {
		b.planes = append(b.planes, plane{
			pix: make([]uint8, n.X*n.Y), stride: n.X, size: n, area: part,
			perX: float64(n.X) / float64(part.Dx()), perY: float64(n.Y) / float64(part.Dy()),
		})
	}
	if err := average(ctx, f, part, b); err != nil {
		return nil, err
	}
	if allAre(b.planes[3].pix, 255) {
		b.toRGBA, b.planes = rgbRow, b.planes[:3]
	}
	return b, nil
}

// blocks returns into how many blocks to divide a size that is to become target: at
// least target and less than twice as many, each way.
func blocks(size, target image.Point) image.Point {
	return image.Pt(size.X/(size.X/target.X), size.Y/(size.Y/target.Y))
}

// allAre reports whether all samples are v.
func allAre(samples []uint8, v uint8) bool {
	for _, s := range samples {
		if s != v {
			return false
		}
	}
	return true
}

// average sets each sample of b to the average of a block of pixels. If the part does
// not divide evenly, blocks differ by one pixel in size; no pixel is left out.
func average(ctx context.Context, f frame, part image.Rectangle, b *bitmap) error {
	n := b.planes[0].size
	columns, rows := edges(part.Dx(), n.X), edges(part.Dy(), n.Y)
	buf := make([]uint8, 4*tilePixels)
	// 64 bits, because a block can be the whole picture.
	sums := make([]uint64, 4*n.X)
	for y := range n.Y {
		if err := ctx.Err(); err != nil {
			return err
		}
		clear(sums)
		f.sumRows(part, rows[y], rows[y+1], columns, buf, sums)
		for x := range n.X {
			area := uint64(columns[x+1]-columns[x]) * uint64(rows[y+1]-rows[y])
			for i := range b.planes {
				b.planes[i].pix[y*n.X+x] = uint8((sums[4*x+i] + area/2) / area)
			}
		}
	}
	return nil
}

// edges returns where each block begins along a side of n pixels, and n at the end.
func edges(n, blocks int) []int {
	e := make([]int, blocks+1)
	for i := range e {
		e[i] = int(int64(i) * int64(n) / int64(blocks))
	}
	return e
}

// sumRows adds the rows of a part from y0 up to y1 to the sums of one row of blocks.
func (f frame) sumRows(part image.Rectangle, y0, y1 int, columns []int, buf []uint8, sums []uint64) {
	width := min(part.Dx(), maxTileWidth)
	for x := 0; x < part.Dx(); x += width {
		w := min(width, part.Dx()-x)
		height := tilePixels / w
		for y := y0; y < y1; y += height {
			tile := &image.RGBA{
				Pix:    buf[:4*w*min(height, y1-y)],
				Stride: 4 * w,
				Rect:   image.Rect(0, 0, w, min(height, y1-y)),
			}
			clear(tile.Pix)
			f.drawTo(tile, part.Min.Add(image.Pt(x, y)))
			for row := tile.Pix; len(row) > 0; row = row[tile.Stride:] {
				sumRow(row[:tile.Stride], x, columns, sums)
			}
		}
	}
}

// drawTo fills img with the part of the canvas that begins at the point from. Outside
// the frame it leaves img as it is.
func (f frame) drawTo(img *image.RGBA, from image.Point) {
	draw.Draw(img, img.Rect, f.img, f.img.Bounds().Min.Add(from).Sub(f.at), draw.Src)
}

// sumRow adds a row of pixels, from column x on, to the sums of the blocks it crosses.
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

// blockAt returns the block that has pixel x. It is the inverse of edges.
func blockAt(x, n, blocks int) int {
	return int(((int64(x)+1)*int64(blocks) - 1) / int64(n))
}
