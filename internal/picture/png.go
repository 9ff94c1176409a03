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
	"runtime"
	"slices"

	"github.com/cardea-accounts/cardea/internal/icc"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// Colour types of RFC 2083, 4.1.1.
const (
	pngGray      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGrayAlpha = 4
	pngRGBA      = 6
)

// pngDepths are the bits of a sample that a colour type allows.
var pngDepths = map[byte][]byte{
	pngGray: {1, 2, 4, 8, 16}, pngRGB: {8, 16}, pngPalette: {1, 2, 4, 8}, pngGrayAlpha: {8, 16}, pngRGBA: {8, 16},
}

// pngFile is a PNG. Its slices point into the data.
type pngFile struct {
	data       []byte
	header     []byte // content of IHDR
	size       image.Point
	depth      byte // bits of a sample
	colorType  byte
	interlaced bool
	palette    []byte // content of PLTE, if the colour type needs it
	tRNS       []byte // content of tRNS: what is transparent; nil if nothing is
	oddTRNS    bool   // there is a tRNS that does not count
}

var errPNG = errors.New("malformed PNG")

// pngChunk splits data after its first chunk (RFC 2083, 3.2). Checksums are ignored.
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

// openPNG reads the chunks that tell what the pixels mean. png.DecodeConfig does not tell
// how many bytes a decoded pixel takes, and refuses more.
func openPNG(data []byte) (format, error) {
	id, header, rest, err := pngChunk(data[len(pngSignature):])
	if err != nil || id != "IHDR" || len(header) != 13 {
		return nil, errPNG
	}
	w, h := binary.BigEndian.Uint32(header), binary.BigEndian.Uint32(header[4:])
	if w > math.MaxInt32 || h > math.MaxInt32 { // RFC 2083, 4.1.1
		return nil, errPNG
	}
	f := &pngFile{
		data: data, header: header,
		size:       image.Pt(int(w), int(h)),
		depth:      header[8],
		colorType:  header[9],
		interlaced: header[12] != 0,
	}
	if !slices.Contains(pngDepths[f.colorType], f.depth) {
		return nil, errPNG
	}
	return f, f.readColors(rest)
}

// readColors reads PLTE and tRNS. Like libpng, it ignores them where they do not belong,
// and tRNS if it has a wrong size.
func (f *pngFile) readColors(chunks []byte) error {
	if f.colorType == pngPalette {
		palette, rest := findPNGChunk(chunks, "PLTE", "IDAT")
		f.palette = palette[:3*min(len(palette)/3, 1<<f.depth)]
		if len(f.palette) == 0 {
			return errPNG
		}
		chunks = rest
	}
	tRNS, _ := findPNGChunk(chunks, "tRNS", "IDAT")
	n := len(tRNS)
	if f.colorType == pngGray && n == 2 || f.colorType == pngRGB && n == 6 ||
		f.colorType == pngPalette && n > 0 && n <= len(f.palette)/3 {
		f.tRNS = tRNS
	}
	f.oddTRNS = tRNS != nil && f.tRNS == nil
	return nil
}

// findPNGChunk returns the content of the first chunk of the type want, and what follows
// it, if it comes before the first of the type end; else nil.
func findPNGChunk(chunks []byte, want, end string) (chunk, rest []byte) {
	for {
		id, chunk, rest, err := pngChunk(chunks)
		switch {
		case err != nil || id == end:
			return nil, nil
		case id == want:
			return chunk, rest
		}
		chunks = rest
	}
}

func (f *pngFile) dimensions() image.Point { return f.size }
func (f *pngFile) keepsJPEG(bool) bool     { return false }
func (f *pngFile) weight(p plan) int64     { return p.frameWeight(f.pixelWeight()) }

// exif returns the content of the eXIf chunk, which may also follow the pixels.
func (f *pngFile) exif() []byte {
	chunk, _ := findPNGChunk(f.data[len(pngSignature):], "eXIf", "IEND")
	return chunk
}

func (f *pngFile) profile() (data []byte, gray bool) {
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
func (f *pngFile) pixelWeight() int64 {
	pixel := int64(4)
	if f.colorType == pngPalette || f.colorType == pngGray && f.tRNS == nil {
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

func (f *pngFile) decode(ctx context.Context, p plan) (decoded, error) {
	fr, err := f.frame(ctx)
	if err != nil {
		return decoded{}, err
	}
	return p.shrinkFrame(ctx, fr)
}

// heavyGarbage is from how many bytes on it is worth a collection, which takes milliseconds,
// to free a picture before it is decoded again. Without, servers took 350 MiB instead of 270
// for damaged pictures of 25 megapixels.
const heavyGarbage = 16 << 20

// frame decodes the file or, if image/png refuses it, what repair makes of it. A tRNS of
// wrong size is the one thing that image/png takes and other decoders ignore.
func (f *pngFile) frame(ctx context.Context) (frame, error) {
	if !f.oddTRNS {
		if img, err := png.Decode(reader{ctx, bytes.NewReader(f.data)}); err == nil {
			return frame{img: img, canvas: f.size}, nil
		}
	}
	if f.pixelWeight() > heavyGarbage {
		runtime.GC() // of the pixels that were just decoded in vain, which weigh as much again
	}
	img, err := png.Decode(f.repair(ctx))
	return frame{img: img, canvas: f.size}, err
}
