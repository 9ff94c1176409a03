package picture

import (
	"encoding/binary"
	"errors"
	"image"
	"math"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// Colour types of RFC 2083, 4.1.1.
const (
	pngGray      = 0
	pngPalette   = 3
	pngGrayAlpha = 4
)

// pngHeader is what a PNG says of itself before its pixels.
type pngHeader struct {
	size       image.Point
	depth      byte // bits of a sample
	colorType  byte
	interlaced bool
	tRNS       bool // has a tRNS chunk: one of its colours is transparent
}

var errPNG = errors.New("malformed PNG")

// pngChunk splits the first chunk off data (RFC 2083, 3.2). Checksums are left
// for the decoder.
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

// parsePNG reads the header, and whether tRNS follows it.
//
// This is done here, as png.DecodeConfig refuses as unsupported what has more
// pixels than it can count, and keeps to itself what a pixel takes once it is
// decoded.
func parsePNG(data []byte) (pngHeader, error) {
	id, ihdr, rest, err := pngChunk(data[len(pngSignature):])
	if err != nil || id != "IHDR" || len(ihdr) != 13 {
		return pngHeader{}, errPNG
	}
	w, h := binary.BigEndian.Uint32(ihdr), binary.BigEndian.Uint32(ihdr[4:])
	if w > math.MaxInt32 || h > math.MaxInt32 { // RFC 2083, 4.1.1
		return pngHeader{}, errPNG
	}
	_, tRNS := findPNGChunk(rest, "tRNS", "IDAT")
	return pngHeader{
		size:       image.Pt(int(w), int(h)),
		depth:      ihdr[8],
		colorType:  ihdr[9],
		interlaced: ihdr[12] != 0,
		tRNS:       tRNS,
	}, nil
}

// findPNGChunk returns the content of the first chunk of the given type, if
// there is one before the first of the type end.
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

// pngEXIF returns the content of the eXIf chunk, which may also follow the
// pixels; nil if there is none.
func pngEXIF(data []byte) []byte {
	exif, _ := findPNGChunk(data[len(pngSignature):], "eXIf", "IEND")
	return exif
}

// pngProfile returns the content of the iCCP chunk; nil if there is none.
func pngProfile(data []byte) []byte {
	chunk, _ := findPNGChunk(data[len(pngSignature):], "iCCP", "IDAT")
	return chunk
}
