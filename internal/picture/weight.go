package picture

import "image"

// The weight of a picture is the most memory, in bytes, that is in use at one time
// while it is made. The file itself is not counted, nor is garbage. The weight is a
// bound that follows from the headers: what they do not tell is counted at its worst.
//
// The numbers are what the decoders allocate: those of the standard library as of Go
// 1.26, and of golang.org/x/image 0.47. TestWeightIsWhatDecodingTakes fails when that
// changes.

const (
	// baseWeight is for everything that does not grow with the picture: decoder and
	// encoder state, a tile of average.go, tables, buffers.
	baseWeight = 2 << 20

	// mostPixels is a number of pixels up to which the weight cannot overflow, at
	// less than 64 bytes a pixel. No machine has that memory.
	mostPixels = 1 << 56
)

// area returns w × h in 64 bits, because the product can overflow an int of 32.
func area(w, h int) int64 { return int64(w) * int64(h) }

// cells returns how many cells of w × h pixels cover the size.
func cells(size image.Point, w, h int) int64 {
	return area((size.X+w-1)/w, (size.Y+h-1)/h)
}

// totalWeight returns the weight of all of it, given that of decoding.
func (p plan) totalWeight(decoding int64) int64 {
	// Encoding begins when the source is gone. It has the samples of the results,
	// the pixels of one of them, and its file, which may be as large and grows in
	// buffers: a full one and another of twice its size. Turning it upright takes
	// one more copy, before encoding.
	master, side := area(p.master.X, p.master.Y), area(p.side.X, p.side.Y)
	encoding := 4 * max(master, side) * (1 + 1 + 2)
	return baseWeight + 4*(master+side) + max(decoding, encoding)
}

// frameWeight returns the weight of decoding whole pixels, which take the given
// number of bytes, and of averaging them.
func (p plan) frameWeight(pixels int64) int64 {
	whole, square := blocks(p.size, p.master), blocks(p.square.Size(), p.side)
	return pixels + shrinkWeight(whole) + shrinkWeight(square) +
		max(resizeWeight(whole, p.master), resizeWeight(square, p.side))
}

// shrinkWeight returns what average.go allocates: four planes, the sums of each column,
// and where each row and column begins.
func shrinkWeight(n image.Point) int64 {
	return 4*area(n.X, n.Y) + 40*int64(n.X) + 8*int64(n.Y)
}

// resizeWeight returns what resize.go allocates besides its result: the sums of a row,
// and the weights of each row and column.
func resizeWeight(from, to image.Point) int64 {
	return 64 * (int64(from.X) + int64(from.Y) + int64(to.X) + int64(to.Y))
}
