package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"io"

	"golang.org/x/image/webp"
)

// webpFrame is the picture in a WebP file, or the first frame of an animation.
// Its slices point into the file.
type webpFrame struct {
	canvas   image.Point     // size of the whole picture
	rect     image.Rectangle // where the frame lies on the canvas
	alpha    []byte          // ALPH chunk, if any
	bits     []byte          // VP8 or VP8L chunk
	lossless bool            // bits are VP8L
}

var errWebP = errors.New("malformed WebP")

// riffChunk splits the first chunk off data (RFC 9649, 2.3). The padding byte
// after a chunk of odd size may be missing at the end of data.
func riffChunk(data []byte) (id string, chunk, rest []byte, err error) {
	if len(data) < 8 {
		return "", nil, nil, errWebP
	}
	n := uint64(binary.LittleEndian.Uint32(data[4:]))
	if n > uint64(len(data)-8) {
		return "", nil, nil, errWebP
	}
	end := 8 + int(n)
	return string(data[:4]), data[8:end], data[min(len(data), end+end%2):], nil
}

// parseWebP finds the first frame in a file (RFC 9649, 2.5 to 2.7). All sizes
// that the file states must agree, so that checking the canvas checks them all.
//
// This is done here, rather than by x/image/webp, which refuses animations and
// allocates for the canvas in VP8X before it has seen the frame.
func parseWebP(data []byte) (webpFrame, error) {
	_, body, _, err := riffChunk(data)
	if err != nil || len(body) < 4 {
		return webpFrame{}, errWebP
	}
	id, chunk, rest, err := riffChunk(body[4:]) // after "WEBP"
	if err != nil {
		return webpFrame{}, err
	}
	if id != "VP8X" {
		var f webpFrame
		f.rect, err = f.readBits(id, chunk)
		f.canvas = f.rect.Max
		return f, err
	}
	if len(chunk) != 10 {
		return webpFrame{}, errWebP
	}
	canvas := image.Pt(uint24(chunk[4:])+1, uint24(chunk[7:])+1)
	return parseExtendedWebP(canvas, rest)
}

// parseExtendedWebP finds the first frame in the chunks that follow VP8X.
func parseExtendedWebP(canvas image.Point, chunks []byte) (webpFrame, error) {
	f := webpFrame{canvas: canvas, rect: image.Rectangle{Max: canvas}}
	for {
		id, chunk, rest, err := riffChunk(chunks)
		if err != nil {
			return webpFrame{}, err
		}
		switch id {
		case "ANMF":
			if len(chunk) < 16 {
				return webpFrame{}, errWebP
			}
			// Offsets are stored halved.
			at := image.Pt(2*uint24(chunk), 2*uint24(chunk[3:]))
			size := image.Pt(uint24(chunk[6:])+1, uint24(chunk[9:])+1)
			f.rect = image.Rectangle{Min: at, Max: at.Add(size)}
			if !f.rect.In(image.Rectangle{Max: canvas}) {
				return webpFrame{}, errWebP
			}
			return f, f.readChunks(chunk[16:])
		case "ALPH", "VP8 ", "VP8L":
			return f, f.readChunks(chunks)
		}
		chunks = rest // colour profile, metadata, or unknown
	}
}

// readChunks reads the chunks of one frame: ALPH, if any, then the bits.
func (f *webpFrame) readChunks(chunks []byte) error {
	for {
		id, chunk, rest, err := riffChunk(chunks)
		if err != nil {
			return err
		}
		switch id {
		case "ALPH":
			f.alpha = chunk
		case "VP8 ", "VP8L":
			r, err := f.readBits(id, chunk)
			if err != nil {
				return err
			}
			if r.Size() != f.rect.Size() {
				return errWebP
			}
			return nil
		}
		chunks = rest
	}
}

// Bits of the VP8X chunk that say which others there are (RFC 9649, 2.7).
const (
	webpHasEXIF    = 1 << 3
	webpHasAlpha   = 1 << 4
	webpHasProfile = 1 << 5
)

// webpEXIF returns the content of the EXIF chunk; nil if there is none.
func webpEXIF(data []byte) []byte { return webpChunk(data, "EXIF", webpHasEXIF) }

// webpProfile returns the content of the ICCP chunk; nil if there is none.
func webpProfile(data []byte) []byte { return webpChunk(data, "ICCP", webpHasProfile) }

// webpChunk returns the content of the chunk want, if VP8X says that there is
// one; else nil.
func webpChunk(data []byte, want string, bit byte) []byte {
	_, body, _, err := riffChunk(data)
	if err != nil || len(body) < 4 {
		return nil
	}
	id, chunk, rest, err := riffChunk(body[4:])
	if err != nil || id != "VP8X" || len(chunk) == 0 || chunk[0]&bit == 0 {
		return nil
	}
	for err == nil && id != want {
		id, chunk, rest, err = riffChunk(rest)
	}
	return chunk // nil after an error
}

// readBits takes a VP8 or VP8L chunk as the frame's bits and returns the
// bounds that its header states (RFC 6386, 9.1; RFC 9649, 3.4).
func (f *webpFrame) readBits(id string, chunk []byte) (image.Rectangle, error) {
	f.bits = chunk
	switch {
	case id == "VP8 " && len(chunk) >= 10:
		w := binary.LittleEndian.Uint16(chunk[6:]) & 0x3fff
		h := binary.LittleEndian.Uint16(chunk[8:]) & 0x3fff
		return image.Rect(0, 0, int(w), int(h)), nil
	case id == "VP8L" && len(chunk) >= 5:
		f.lossless = true
		v := binary.LittleEndian.Uint32(chunk[1:])
		return image.Rect(0, 0, int(v&0x3fff)+1, int(v>>14&0x3fff)+1), nil
	}
	return image.Rectangle{}, errWebP
}

// decode decodes the frame, as a still WebP of just that frame.
func (f *webpFrame) decode(ctx context.Context) (image.Image, error) {
	var file io.Reader
	switch {
	case f.lossless:
		file = webpFile(riffPart{"VP8L", f.bits})
	case f.alpha == nil:
		file = webpFile(riffPart{"VP8 ", f.bits})
	default:
		file = webpFile(riffPart{"VP8X", f.extendedHeader()}, riffPart{"ALPH", f.alpha}, riffPart{"VP8 ", f.bits})
	}
	img, err := webp.Decode(reader{ctx, file})
	switch m := img.(type) {
	case *image.YCbCr:
		stretch(m)
	case *image.NYCbCrA:
		stretch(&m.YCbCr)
	}
	return img, err
}

// stretch takes samples from the range of video, which VP8 has (RFC 6386, 9.2:
// ITU-R BT.601, black at 16, white at 235), to the whole range, which is what
// image.YCbCr means. The decoder leaves that out, and colours would look faded.
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

// extendedHeader returns the content of a VP8X chunk that makes the frame the
// whole canvas (RFC 9649, 2.7).
func (f *webpFrame) extendedHeader() []byte {
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

// webpFile returns a WebP file of the given chunks. Their content, which can be
// megabytes, is not copied.
func webpFile(parts ...riffPart) io.Reader {
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

func uint24(b []byte) int {
	return int(b[0]) | int(b[1])<<8 | int(b[2])<<16
}
