package picture

import (
	"encoding/binary"
	"errors"
	"image"
	"slices"
)

// webpFile is a WebP and its first frame. Its slices point into the data.
type webpFile struct {
	data     []byte
	canvas   image.Point     // size of the whole picture
	rect     image.Rectangle // where the frame lies on the canvas
	alpha    []byte          // ALPH chunk, if any
	bits     []byte          // VP8 or VP8L chunk
	lossless bool            // bits are VP8L
}

var errWebP = errors.New("malformed WebP")

// riffChunk splits data after its first chunk (RFC 9649, 2.3). At the end of data the
// chunk may be shorter than it says. Not all encoders write the padding byte after a chunk
// of odd size: it must be zero, so the name of another chunk is none.
func riffChunk(data []byte) (id string, chunk, rest []byte, err error) {
	if len(data) < 8 {
		return "", nil, nil, errWebP
	}
	n := min(uint64(binary.LittleEndian.Uint32(data[4:])), uint64(len(data)-8))
	id, chunk, rest = string(data[:4]), data[8:8+n], data[8+n:]
	if n%2 == 1 && len(rest) > 0 && !slices.Contains(webpChunks, string(rest[:min(4, len(rest))])) {
		rest = rest[1:]
	}
	return id, chunk, rest, nil
}

// webpChunks are the names of all chunks (RFC 9649, 2.5 to 2.7).
var webpChunks = []string{"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP", "EXIF", "XMP "}

// openWebP finds the first frame (RFC 9649, 2.5 to 2.7). All sizes that the file states
// must agree.
//
// x/image/webp refuses animations, and allocates for the canvas in VP8X before it has
// seen the frame.
func openWebP(data []byte) (format, error) {
	f := &webpFile{data: data}
	return f, f.parse()
}

func (f *webpFile) parse() error {
	id, chunk, rest, err := riffChunk(f.chunks())
	if err != nil {
		return err
	}
	if id != "VP8X" {
		f.rect, err = f.readBits(id, chunk)
		f.canvas = f.rect.Max
		return err
	}
	if len(chunk) != 10 {
		return errWebP
	}
	f.canvas = image.Pt(uint24(chunk[4:])+1, uint24(chunk[7:])+1)
	return f.parseExtended(rest)
}

// chunks returns everything after "RIFF", the size of the file, and "WEBP". What the size
// says does not matter: the file may have been cut off after its first frame, or written
// by an encoder that could not go back to fill it in.
func (f *webpFile) chunks() []byte { return f.data[12:] }

// parseExtended finds the first frame in the chunks that follow VP8X.
func (f *webpFile) parseExtended(chunks []byte) error {
	canvas := image.Rectangle{Max: f.canvas}
	for {
		id, chunk, rest, err := riffChunk(chunks)
		if err != nil {
			return err
		}
		switch id {
		case "ANMF":
			if len(chunk) < 16 {
				return errWebP
			}
			at := image.Pt(2*uint24(chunk), 2*uint24(chunk[3:])) // stored halved
			size := image.Pt(uint24(chunk[6:])+1, uint24(chunk[9:])+1)
			f.rect = image.Rectangle{Min: at, Max: at.Add(size)}
			if !f.rect.In(canvas) {
				return errWebP
			}
			return f.readChunks(chunk[16:])
		case "ALPH", "VP8 ", "VP8L":
			f.rect = canvas
			return f.readChunks(chunks)
		}
		chunks = rest // colour profile, metadata, or unknown
	}
}

// readChunks reads the chunks of one frame: ALPH, if any, then the bits.
func (f *webpFile) readChunks(chunks []byte) error {
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

// readBits takes a VP8 or VP8L chunk as the frame's bits. It returns the bounds that
// the chunk's header states (RFC 6386, 9.1; RFC 9649, 3.4).
func (f *webpFile) readBits(id string, chunk []byte) (image.Rectangle, error) {
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

func uint24(b []byte) int {
	return int(b[0]) | int(b[1])<<8 | int(b[2])<<16
}

// Bits of the VP8X chunk that tell which other chunks there are (RFC 9649, 2.7).
const (
	webpHasEXIF    = 1 << 3
	webpHasAlpha   = 1 << 4
	webpHasProfile = 1 << 5
)

// chunk returns the content of the chunk want, if VP8X says that there is one; else
// nil.
func (f *webpFile) chunk(want string, bit byte) []byte {
	id, chunk, rest, err := riffChunk(f.chunks())
	if err != nil || id != "VP8X" || len(chunk) == 0 || chunk[0]&bit == 0 {
		return nil
	}
	for err == nil && id != want {
		id, chunk, rest, err = riffChunk(rest)
	}
	return chunk // nil after an error
}

func (f *webpFile) dimensions() image.Point    { return f.canvas }
func (f *webpFile) exif() []byte               { return f.chunk("EXIF", webpHasEXIF) }
func (f *webpFile) keepsJPEG(opaque bool) bool { return opaque && !f.lossless }

func (f *webpFile) profile() (data []byte, gray bool) { return f.chunk("ICCP", webpHasProfile), false }
