package picture

import "image"

// The weight of a picture is the most memory, in bytes, that is in use at one
// time on the way from its bytes to the result, without the bytes themselves.
// It is told from the headers, so as to refuse what is too heavy before any of
// it is allocated, and is a bound: what depends on more than the headers is
// counted at its worst. Garbage is not counted, as it can be freed.
//
// The numbers follow what the decoders allocate: of the standard library as of
// Go 1.26, and of golang.org/x/image 0.47. TestWeightIsWhatDecodingTakes fails
// when that changes.

const (
	// baseWeight is for what does not grow with the picture: the state of the
	// decoders and encoders, a tile of average.go, tables, buffers.
	baseWeight = 2 << 20

	// mostPixels is a number of pixels up to which the weight cannot overflow,
	// at less than 64 bytes a pixel; no machine has that memory.
	mostPixels = 1 << 56
)

// area returns w × h in 64 bits: the product of two sides can overflow an int
// elsewhere.
func area(w, h int) int64 { return int64(w) * int64(h) }

// cells returns how many cells of w × h pixels cover the size.
func cells(size image.Point, w, h int) int64 {
	return area((size.X+w-1)/w, (size.Y+h-1)/h)
}

// weigh returns the weight of the picture when its master has at most maxSide.
func (h header) weigh(maxSide int) int64 {
	to, side := fit(h.size, maxSide), squareSide(h.square)
	var decoding int64
	if h.format == formatJPEG {
		n := h.jpegSamples(to, side)
		have := image.Pt(ceil(h.size.X*n, 8), ceil(h.size.Y*n, 8))
		decoding = h.jpeg.weight(n) + max(resizeWeight(have, to), resizeWeight(have, side))
	} else {
		whole, square := blocks(h.size, to), blocks(h.square.Size(), side)
		decoding = h.frameWeight() + shrinkWeight(whole) + shrinkWeight(square) +
			max(resizeWeight(whole, to), resizeWeight(square, side))
	}
	// By then the source is gone. There are the samples of the results, the
	// pixels of one of them, and its file, which may be no smaller and grows in
	// buffers: a full one, and another of twice its size. Turning it, before,
	// takes but one more of it.
	results := 4 * (area(to.X, to.Y) + area(side.X, side.Y))
	encoding := 4 * max(area(to.X, to.Y), area(side.X, side.Y)) * (1 + 1 + 2)
	return baseWeight + results + max(decoding, encoding)
}

// frameWeight returns what decoding takes of a picture that is no JPEG.
func (h header) frameWeight() int64 {
	switch h.format {
	case formatPNG:
		return h.png.weight()
	case formatGIF:
		// A byte a pixel, and as much again where the rows are interlaced: they
		// are put in order in a copy.
		return 2 * area(h.size.X, h.size.Y)
	case formatWebP:
		return h.webp.weight()
	case formatJPEG: // is decoded to samples
	}
	return 0
}

// shrinkWeight returns what average.go makes of a picture: four planes, and for
// each column the sums of a block, for each row and column where it begins.
func shrinkWeight(n image.Point) int64 {
	return 4*area(n.X, n.Y) + 40*int64(n.X) + 8*int64(n.Y)
}

// resizeWeight returns what resize.go takes besides its result: the sums of a
// row, and the weights of each row and column.
func resizeWeight(from, to image.Point) int64 {
	return 64 * (int64(from.X) + int64(from.Y) + int64(to.X) + int64(to.Y))
}

// weight returns what image/png allocates. Gray and palette take a byte a
// pixel, all else is decoded to RGBA; samples of 16 bits double that.
func (p pngHeader) weight() int64 {
	pixel := int64(4)
	if p.colorType == pngPalette || p.colorType == pngGray && !p.tRNS {
		pixel = 1
	}
	if p.depth == 16 {
		pixel *= 2
	}
	weight := pixel * area(p.size.X, p.size.Y)
	if p.interlaced {
		// Each pass of Adam7 is decoded to an image of its own and copied from
		// there (RFC 2083, 2.6); together they have every pixel once. Half of
		// that is in the last one, but as the others went just before it, all
		// are counted.
		weight *= 2
	}
	return weight + 2*pixel*int64(p.size.X) // a row and the one above
}

// weight returns what jpegdecode.go allocates: n×n bytes for each block, in
// whole units of all components (ITU T.81, A.2.4). Of a progressive JPEG all
// coefficients are kept, in 16 bits, until the last scan has refined them (G.1).
func (h *jpegHeader) weight(n int) int64 {
	units := h.units()
	block := int64(n * n)
	if h.progressive {
		block += 2 * 64
	}
	var weight int64
	for _, c := range h.components {
		weight += area(units.X, units.Y) * area(c.h, c.v) * block
	}
	return weight
}

// weight returns what x/image/webp allocates.
func (f webpFrame) weight() int64 {
	if f.lossless {
		return losslessWeight(f.rect.Size(), len(f.bits))
	}
	// By macroblock of 16×16 pixels (RFC 6386, 2): its samples in YCbCr 4:2:0,
	// four bytes for the loop filter, and six if it is in the row above. The
	// compressed data is copied.
	size := f.rect.Size()
	weight := cells(size, 16, 16)*(16*16+2*8*8+4+6) + int64(len(f.bits))
	if len(f.alpha) == 0 {
		return weight
	}
	if f.alpha[0]&3 == 1 {
		// Compressed without loss, of which the green is taken (RFC 9649,
		// 2.7.1). That is over before the colours are decoded.
		weight = max(weight, losslessWeight(size, len(f.alpha)))
	}
	return weight + area(size.X, size.Y)
}

// The prefix codes of a lossless WebP, which are chosen by tile of at least 4×4
// pixels (RFC 9649, 3.7.2), take memory without regard to the pixels, and large
// ones take few bytes to write down: 90 kilobytes become 125 megabytes. As the
// headers do not tell how many there are, most photographs are counted at much
// more than they take.
const (
	// losslessGroups is how many groups of five codes the decoder accepts.
	losslessGroups = 2600

	// losslessGroup is what the largest group takes: 16 bytes for each of its
	// 280 + 2048 + 3×256 + 40 symbols, and tables; rounded up by the allocator.
	losslessGroup = 56 << 10

	// losslessExpansion is what a byte of the file can become. The worst is a
	// group of one code of 2048 symbols, which takes 66 bits and 33 KB, and four
	// of one symbol, each 4 bits and half a KB.
	losslessExpansion = 3584
)

// losslessWeight returns what x/image/vp8l allocates for a picture of the given
// size that has n bytes.
func losslessWeight(size image.Point, n int) int64 {
	tiles := cells(size, 4, 4)
	codes := min(min(tiles, losslessGroups)*losslessGroup, int64(n)*losslessExpansion)
	// A palette can have up to eight pixels in one (RFC 9649, 3.5.4): those of
	// two are expanded to the picture when the codes are no longer needed.
	packed := 4 * cells(size, 2, 1)
	// Two transforms, and the choice of codes, have a pixel for each tile.
	return 4*area(size.X, size.Y) + max(codes, packed) + 3*4*tiles
}
