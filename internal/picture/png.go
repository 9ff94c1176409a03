package picture

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"io"
	"math"

	"github.com/cardea-accounts/cardea/internal/icc"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// Colour types of RFC 2083, 4.1.1.
const (
	pngGray      = 0
	pngPalette   = 3
	pngGrayAlpha = 4
)

// pngFile is a PNG.
type pngFile struct {
	data       []byte
	size       image.Point
	depth      byte // bits of a sample
	colorType  byte
	interlaced bool
	tRNS       bool // has a tRNS chunk: one colour is transparent
}

var errPNG = errors.New("malformed PNG")

// pngChunk splits data after its first chunk (RFC 2083, 3.2). Checksums are left to
// the decoder.
func pngChunk(data []byte) (id string, chunk, rest []byte, err error) {
	if len(data) < 12 {
		return "", nil, nil, errPNG
	}
	n := uint64(binary.BigEndian.Uint32(data))
	if n > uint64(len(data)-12) {
		return "", nil, nil, errPNG
	}
	end := 8 + int(n)
	return string(data[4:8]), data[8:end], data[end+4:], nil
}

// openPNG reads the header and looks for tRNS. png.DecodeConfig does not tell how many
// bytes a decoded pixel takes, and has another error for very large sizes.
func openPNG(data []byte) (format, error) {
	id, ihdr, rest, err := pngChunk(data[len(pngSignature):])
	if err != nil || id != "IHDR" || len(ihdr) != 13 {
		return nil, errPNG
	}
	w, h := binary.BigEndian.Uint32(ihdr), binary.BigEndian.Uint32(ihdr[4:])
	if w > math.MaxInt32 || h > math.MaxInt32 { // RFC 2083, 4.1.1
		return nil, errPNG
	}
	_, tRNS := findPNGChunk(rest, "tRNS", "IDAT")
	return pngFile{
		data:       data,
		size:       image.Pt(int(w), int(h)),
		depth:      ihdr[8],
		colorType:  ihdr[9],
		interlaced: ihdr[12] != 0,
		tRNS:       tRNS,
	}, nil
}

// findPNGChunk returns the content of the first chunk of the type want, if it comes
// before the first of the type end.
func findPNGChunk(chunks []byte, want, end string) ([]byte, bool) {
	for {
		id, chunk, rest, err := pngChunk(chunks)
		switch {
		case err != nil || id == end:
			return nil, false
		case id == want:
			return chunk, true
		}
		chunks = rest
	}
}

func (f pngFile) dimensions() image.Point { return f.size }
func (f pngFile) keepsJPEG(bool) bool     { return false }
func (f pngFile) weight(p plan) int64     { return p.frameWeight(f.pixelWeight()) }

// exif returns the content of the eXIf chunk, which may also follow the pixels.
func (f pngFile) exif() []byte {
	chunk, _ := findPNGChunk(f.data[len(pngSignature):], "eXIf", "IEND")
	return chunk
}

func (f pngFile) profile() (data []byte, gray bool) {
	chunk, _ := findPNGChunk(f.data[len(pngSignature):], "iCCP", "IDAT")
	return inflateProfile(chunk), f.colorType == pngGray || f.colorType == pngGrayAlpha
}

// inflateProfile returns the profile in an iCCP chunk (PNG 1.2, 4.2.2.4). It inflates
// little more than the largest profile that is read.
func inflateProfile(chunk []byte) []byte {
	_, rest, ok := bytes.Cut(chunk, []byte{0}) // after the name
	if !ok || len(rest) < 1 || rest[0] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(rest[1:]))
	if err != nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(z, icc.MaxSize+1))
	if err != nil {
		return nil
	}
	return data // icc.Parse refuses one that is too long
}

// pixelWeight returns what image/png allocates. Gray and palette take a byte a pixel,
// everything else is decoded to RGBA; samples of 16 bits double that.
func (f pngFile) pixelWeight() int64 {
	pixel := int64(4)
	if f.colorType == pngPalette || f.colorType == pngGray && !f.tRNS {
		pixel = 1
	}
	if f.depth == 16 {
		pixel *= 2
	}
	weight := pixel * area(f.size.X, f.size.Y)
	if f.interlaced {
		// Each pass of Adam7 is decoded to an image of its own and copied (RFC 2083,
		// 2.6). Together they have every pixel once. All are counted, because the
		// last one, which has half, is decoded right after the others.
		weight *= 2
	}
	return weight + 2*pixel*int64(f.size.X) // a row and the one above
}

func (f pngFile) decode(ctx context.Context, p plan) (decoded, error) {
	fr, err := f.frame(ctx)
	if err != nil {
		return decoded{}, err
	}
	return p.shrinkFrame(ctx, fr)
}

func (f pngFile) frame(ctx context.Context) (frame, error) {
	img, err := png.Decode(reader{ctx, bytes.NewReader(f.data)})
	return frame{img: img, canvas: f.size}, err
}
