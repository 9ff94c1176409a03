package picture_test

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Pictures of one colour, in formats that Go has no encoder for. Compressed, they are
// zeros, or nothing at all.

// flatPNG encodes a PNG of zeros. Further chunks, given as pairs of type and
// content, come before the pixels.
func flatPNG(w, h int, depth, colorType, interlaced byte, chunks ...string) []byte {
	passes := [][4]int{{0, 0, 1, 1}}
	if interlaced != 0 {
		passes = adam7
	}
	samples := map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colorType]
	size := 0
	for _, p := range passes {
		columns, rows := (w-p[0]+p[2]-1)/p[2], (h-p[1]+p[3]-1)/p[3]
		size += rows * (1 + (columns*samples*int(depth)+7)/8)
	}
	all := append([]string{"IHDR", pngHeaderOf(uint32(w), uint32(h), depth, colorType, interlaced)}, chunks...)
	return pngFile(append(all, "IDAT", compress(make([]byte, size)), "IEND", "")...)
}

// Frame markers of JPEG.
const (
	baseline    = 0xc0
	progressive = 0xc2
)

// flatJPEG encodes a JPEG of components with the given identifiers and sampling factors.
// Each block is two zero bits: the same DC coefficient as before, and no AC
// coefficients. A progressive one has a DC scan only.
func flatJPEG(frame byte, w, h int, ids, sampling string) []byte {
	size := binary.BigEndian.AppendUint16(nil, uint16(h))
	size = binary.BigEndian.AppendUint16(size, uint16(w))
	sof, sos := "\x08"+string(size)+string(rune(len(ids))), string(rune(len(ids)))
	blocks, first := 0, sampling[0]
	units := (w/8/int(first>>4) + 1) * (h/8/int(first&15) + 1)
	for i := range len(ids) {
		sof += ids[i:i+1] + sampling[i:i+1] + "\x00"
		sos += ids[i:i+1] + "\x00"
		blocks += units * int(sampling[i]>>4) * int(sampling[i]&15)
	}
	sos += map[byte]string{baseline: "\x00\x3f\x00", progressive: "\x00\x00\x00"}[frame]
	code := "\x01" + strings.Repeat("\x00", 15) + "\x00" // one, of one bit, for zero

	jpg := withSegment([]byte("\xff\xd8"), 0xda, sos)
	for _, s := range []struct {
		marker  byte
		content string
	}{{0xdb, "\x00" + strings.Repeat("\x01", 64)}, {0xc4, "\x10" + code}, {0xc4, "\x00" + code}, {frame, sof}} {
		jpg = withSegment(jpg, s.marker, s.content)
	}
	return append(append(jpg, make([]byte, blocks/4+8)...), 0xff, 0xd9)
}

// withAdobe inserts an Adobe segment, which tells the transform of the components.
func withAdobe(data []byte, transform byte) []byte {
	return withSegment(data, 0xee, "Adobe\x00\x64\x00\x00\x00\x00"+string(rune(transform)))
}

// flatLossy returns the content of a VP8 chunk of zeros: no coefficients,
// predicted from nothing.
func flatLossy(w, h int) string {
	macroblocks := (w/16 + 1) * (h/16 + 1)
	tag := uint32(macroblocks)<<5 | 1<<4 // the length of the modes; to be shown
	b := []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 0x01, 0x2a, byte(w), byte(w >> 8), byte(h), byte(h >> 8)}
	return string(append(b, make([]byte, 5*macroblocks)...))
}

// bits are written from the lowest, as in a lossless WebP.
type bits struct {
	b []byte
	n int
}

// put writes the n lowest bits of v.
func (b *bits) put(v, n int) {
	for i := range n {
		if b.n%8 == 0 {
			b.b = append(b.b, 0)
		}
		b.b[b.n/8] |= byte(v>>i&1) << (b.n % 8)
		b.n++
	}
}

// putCode writes a code of n bits, which begins at its highest.
func (b *bits) putCode(v, n int) {
	for i := range n {
		b.put(v>>(n-1-i), 1)
	}
}

// simpleCodes writes n prefix codes that only have the symbol 0, which takes no bits.
func (b *bits) simpleCodes(n int) {
	for range n {
		b.put(0b0001, 4) // simple, one symbol, of one bit: 0
	}
}

// equalCode writes a prefix code in which the first 1<<length symbols have the same
// length. The code for their lengths has one symbol, which takes no bits.
func (b *bits) equalCode(length int) {
	order := []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12}
	n := slices.Index(order, length)
	b.put(0, 1) // not simple
	b.put(n+1-4, 4)
	b.put(1<<(3*n), 3*(n+1))
	b.put(1, 1) // not for all symbols, but 1<<length of them
	b.put((length-1)/2, 3)
	b.put(1<<length-2, 2+(length-1)/2*2)
}

// losslessHeader begins the content of a VP8L chunk.
func losslessHeader(w, h int) *bits {
	b := &bits{}
	b.put(0x2f, 8)
	b.put(w-1, 14)
	b.put(h-1, 14)
	b.put(0, 4) // alpha, version
	return b
}

// flat ends a lossless picture: its pixels take no bits.
func (b *bits) flat() string {
	b.put(0, 1) // no further transforms
	b.put(0, 2) // no cache, one group of codes
	b.simpleCodes(5)
	return string(b.b)
}

// flatPalette is flatLossless with a palette of two colours, eight pixels in
// one.
func flatPalette(w, h int) string {
	b := losslessHeader(w, h)
	b.put(1|3<<1, 3) // a transform: palette
	b.put(1, 8)      // of two colours
	b.put(0, 1)      // no cache
	b.simpleCodes(5)
	return b.flat()
}

// manyCodes returns a lossless picture of n tiles, each with the largest codes
// there are.
func manyCodes(n int) string {
	b := losslessHeader(4*n, 4)
	b.put(0, 1)        // no transforms
	b.put(1|11<<1, 5)  // the largest cache
	b.put(1, 1)        // many groups of codes, by
	b.put(0, 3)        // tiles of 4×4, numbered in
	b.put(0, 1)        // pixels without a cache:
	b.equalCode(8)     // green has the low byte,
	b.equalCode(8)     // red the high byte;
	b.simpleCodes(3)   // all else is 0
	for i := range n { // these pixels
		b.putCode(i&255, 8)
		b.putCode(i>>8, 8)
	}
	for range n {
		b.equalCode(11)
		for range 3 {
			b.equalCode(8)
		}
		b.equalCode(5)
	}
	b.put(0, 16*n*(11+3*8)) // the pixels
	return string(b.b)
}
