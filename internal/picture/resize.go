package picture

import (
	"image"
	"math"
)

// fit shrinks a size until neither side exceeds maxSide. It keeps the aspect, as far as
// whole pixels allow, and each side is at least 1. Sizes that fit stay as they are.
func fit(size image.Point, maxSide int) image.Point {
	longest := max(size.X, size.Y)
	if longest <= maxSide {
		return size
	}
	side := func(n int) int {
		scaled := (int64(n)*int64(maxSide) + int64(longest)/2) / int64(longest)
		return max(1, int(scaled))
	}
	return image.Pt(side(size.X), side(size.Y))
}

// Weights are fixed-point numbers with weightBits of fraction. Sums of the first pass
// keep halfBits of it, so that those of the second fit 32 bits.
const (
	weightBits = 14
	weightOne  = 1 << weightBits
	halfBits   = 6
)

// tap has the weights of the samples, from first on, that make one sample of the result.
type tap struct {
	first   int
	weights []int32
}

// taps returns the taps that make count samples of a part of a row. The row has n samples;
// the part begins at start and has the given length, both in samples. Beyond its ends the
// row continues with the sample at the end.
func taps(n int, start, length float64, count int) []tap {
	scale := length / float64(count)
	radius := kernelRadius * max(1, scale)
	all := make([]tap, count)
	most := 2*int(math.Ceil(radius)) + 1
	sums, weights := make([]float64, most), make([]int32, most*count)
	for i := range all {
		center := start + (float64(i)+0.5)*scale - 0.5
		from, to := int(math.Ceil(center-radius)), int(math.Floor(center+radius))
		t := tap{first: min(max(from, 0), n-1)}
		sums := sums[:min(max(to, 0), n-1)-t.first+1]
		clear(sums)
		total := 0.0
		for j := from; j <= to; j++ {
			w := kernel((float64(j) - center) / max(1, scale))
			sums[min(max(j, 0), n-1)-t.first] += w
			total += w
		}
		t.weights = weights[i*most:][:len(sums)]
		whole(t.weights, sums, total)
		all[i] = t.trim()
	}
	return all
}

// trim drops zeros at both ends. If nothing is scaled, one weight is left.
func (t tap) trim() tap {
	for t.weights[0] == 0 {
		t.first, t.weights = t.first+1, t.weights[1:]
	}
	for t.weights[len(t.weights)-1] == 0 {
		t.weights = t.weights[:len(t.weights)-1]
	}
	return t
}

// whole sets out to the weights as parts of their total. Their sum is exactly weightOne, so
// an even row stays even.
func whole(out []int32, weights []float64, total float64) {
	left, largest := int32(weightOne), 0
	for i, w := range weights {
		out[i] = int32(math.Round(w / total * weightOne))
		left -= out[i]
		if out[i] > out[largest] {
			largest = i
		}
	}
	out[largest] += left
}

// kernelRadius is where the kernel ends.
const kernelRadius = 2

// kernel is the Catmull-Rom cubic (Keys, 1981).
func kernel(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// resize returns the samples of a part of the picture, in the given size. It scales the
// height first, because adding up whole rows is faster.
func (p plane) resize(part image.Rectangle, to image.Point) []uint8 {
	x := (float64(part.Min.X - p.area.Min.X)) * p.perX
	y := (float64(part.Min.Y - p.area.Min.Y)) * p.perY
	across := taps(p.size.X, x, float64(part.Dx())*p.perX, to.X)
	down := taps(p.size.Y, y, float64(part.Dy())*p.perY, to.Y)

	left, end := p.size.X, 0 // the columns that are needed
	for _, t := range across {
		left, end = min(left, t.first), max(end, t.first+len(t.weights))
	}
	out := make([]uint8, to.X*to.Y)
	sums := make([]int32, end-left)
	for i, t := range down {
		addRows(sums, p.pix[t.first*p.stride+left:], p.stride, t.weights)
		resizeRow(out[i*to.X:][:to.X], sums, left, across)
	}
	return out
}

// addRows sets sums to the weighted sum of rows of samples, with halfBits of fraction. It
// adds four rows at a time, which saves loading and storing the sums.
func addRows(sums []int32, rows []uint8, stride int, weights []int32) {
	clear(sums)
	for ; len(weights) >= 4; weights = weights[4:] {
		a, b := rows[:len(sums)], rows[stride:][:len(sums)]
		c, d := rows[2*stride:][:len(sums)], rows[3*stride:][:len(sums)]
		v, w, x, y := weights[0], weights[1], weights[2], weights[3]
		for i := range sums {
			sums[i] += v*int32(a[i]) + w*int32(b[i]) + x*int32(c[i]) + y*int32(d[i])
		}
		rows = rows[min(4*stride, len(rows)):]
	}
	for _, w := range weights {
		for i, v := range rows[:len(sums)] {
			sums[i] += w * int32(v)
		}
		rows = rows[min(stride, len(rows)):]
	}
	const round = 1 << (weightBits - halfBits - 1)
	for i, v := range sums {
		sums[i] = (v + round) >> (weightBits - halfBits)
	}
}

// resizeRow makes a row of samples from sums, the first of which is that of column left.
func resizeRow(dst []uint8, sums []int32, left int, taps []tap) {
	const round = 1 << (weightBits + halfBits - 1)
	for i, t := range taps {
		samples := sums[t.first-left:][:len(t.weights)]
		sum := int32(round)
		for j, w := range t.weights {
			sum += w * samples[j]
		}
		dst[i] = clip(sum >> (weightBits + halfBits - 16))
	}
}
