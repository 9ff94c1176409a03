package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"io"

	"golang.org/x/image/webp"
)

func (f *webpFile) decode(ctx context.Context, p plan) (decoded, error) {
	fr, err := f.frame(ctx)
	if err != nil {
		return decoded{}, err
	}
	return p.shrinkFrame(ctx, fr)
}

// frame decodes the frame, as a still WebP of this frame only.
func (f *webpFile) frame(ctx context.Context) (frame, error) {
	var file io.Reader
	switch {
	case f.lossless:
		file = writeWebP(riffPart{"VP8L", f.bits})
	case f.alpha == nil:
		file = writeWebP(riffPart{"VP8 ", f.bits})
	default:
		file = writeWebP(riffPart{"VP8X", f.extendedHeader()}, riffPart{"ALPH", f.alpha}, riffPart{"VP8 ", f.bits})
	}
	img, err := webp.Decode(reader{ctx, file})
	switch m := img.(type) {
	case *image.YCbCr:
		stretch(m)
	case *image.NYCbCrA:
		stretch(&m.YCbCr)
	}
	return frame{img, f.canvas, f.rect.Min}, err
}

// stretch takes samples from the range of video, which VP8 has (RFC 6386, 9.2:
// ITU-R BT.601, black at 16, white at 235), to the full range, which image.YCbCr
// means. The decoder leaves this out (golang/go#40173), and colours look faded.
func stretch(m *image.YCbCr) {
	var luma, chroma [256]uint8
	for v := range 256 {
		luma[v] = uint8(min(max((255*(v-16)+109)/219, 0), 255))
		chroma[v] = uint8(min(max(128+(255*(v-128))/224, 0), 255))
	}
	for i, v := range m.Y {
		m.Y[i] = luma[v]
	}
	for _, plane := range [][]uint8{m.Cb, m.Cr} {
		for i, v := range plane {
			plane[i] = chroma[v]
		}
	}
}

// extendedHeader returns the content of a VP8X chunk whose canvas is the frame
// (RFC 9649, 2.7).
func (f *webpFile) extendedHeader() []byte {
	w, h := f.rect.Dx()-1, f.rect.Dy()-1
	return []byte{
		webpHasAlpha, 0, 0, 0,
		byte(w), byte(w >> 8), byte(w >> 16),
		byte(h), byte(h >> 8), byte(h >> 16),
	}
}

// riffPart is a chunk to be written.
type riffPart struct {
	id      string
	content []byte
}

// writeWebP returns a WebP file of chunks. Their content, which can be megabytes, is
// not copied.
func writeWebP(parts ...riffPart) io.Reader {
	size := len("WEBP")
	readers := make([]io.Reader, 1, 1+3*len(parts))
	for _, p := range parts {
		padding := make([]byte, len(p.content)%2)
		readers = append(readers, bytes.NewReader(riffHeader(p.id, len(p.content))),
			bytes.NewReader(p.content), bytes.NewReader(padding))
		size += 8 + len(p.content) + len(padding)
	}
	readers[0] = bytes.NewReader(append(riffHeader("RIFF", size), "WEBP"...))
	return io.MultiReader(readers...)
}

func riffHeader(id string, size int) []byte {
	return binary.LittleEndian.AppendUint32([]byte(id), uint32(size))
}

func (f *webpFile) weight(p plan) int64 { return p.frameWeight(f.pixelWeight()) }

// pixelWeight returns what x/image/webp allocates.
func (f *webpFile) pixelWeight() int64 {
	size := f.rect.Size()
	if f.lossless {
		return losslessWeight(size, len(f.bits))
	}
	// For each macroblock of 16×16 pixels (RFC 6386, 2): its samples in YCbCr 4:2:0,
	// four bytes for the loop filter, and six if it is in the row above. The
	// compressed data is copied.
	weight := cells(size, 16, 16)*(16*16+2*8*8+4+6) + int64(len(f.bits))
	if len(f.alpha) == 0 {
		return weight
	}
	if f.alpha[0]&3 == 1 {
		// Alpha is the green of a lossless picture (RFC 9649, 2.7.1). It is decoded
		// before the colours.
		weight = max(weight, losslessWeight(size, len(f.alpha)))
	}
	return weight + area(size.X, size.Y)
}

// The prefix codes of a lossless WebP are chosen by tile of at least 4×4 pixels (RFC
// 9649, 3.7.2). They take memory regardless of the pixels, and large ones take few
// bytes in the file: 90 kB become 125 MB. The headers do not tell how many there are,
// so most photographs weigh much more than they take.
const (
	// losslessGroups is how many groups of five codes the decoder accepts.
	losslessGroups = 2600

	// losslessGroup is what the largest group takes: 16 bytes for each of its
	// 280 + 2048 + 3×256 + 40 symbols, and tables; rounded up by the allocator.
	losslessGroup = 56 << 10

	// losslessExpansion is what a byte of the file can become. The worst case is a
	// group of one code of 2048 symbols, which takes 66 bits and 33 KB, and four of
	// one symbol, each 4 bits and half a KB.
	losslessExpansion = 3584
)

// losslessWeight returns what x/image/vp8l allocates for a picture of the given size
// and n bytes.
func losslessWeight(size image.Point, n int) int64 {
	tiles := cells(size, 4, 4)
	codes := min(min(tiles, losslessGroups)*losslessGroup, int64(n)*losslessExpansion)
	// With a palette, up to eight pixels are packed in one (RFC 9649, 3.5.4). Two or
	// more are unpacked to the picture when the codes are no longer needed.
	packed := 4 * cells(size, 2, 1)
	// Two transforms, and the choice of codes, have a pixel for each tile.
	return 4*area(size.X, size.Y) + max(codes, packed) + 3*4*tiles
}
