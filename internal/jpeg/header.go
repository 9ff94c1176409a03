package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
)

// maxJPEGScans bounds how many scans a JPEG may have. Each scan of a
// progressive JPEG goes over the whole picture, however few bytes it has, so
// that thousands of scans in a small file would keep a decoder busy for
// minutes. Encoders write about 10.
const maxJPEGScans = 32

// maxJPEGSegments bounds the segments, of which millions fit into a file, and each
// is looked at more than once. Cameras and editors write some dozens.
const maxJPEGSegments = 10_000

// Markers of ITU T.81, table B.1.
const (
	jpegSOF0  = 0xc0 // baseline
	jpegSOF2  = 0xc2 // progressive; SOF1 between them is extended sequential
	jpegDHT   = 0xc4
	jpegRST0  = 0xd0
	jpegRST7  = 0xd7
	jpegEOI   = 0xd9
	jpegSOS   = 0xda
	jpegDQT   = 0xdb
	jpegDRI   = 0xdd
	jpegAPP0  = 0xe0 // where JFIF says that the components are YCbCr
	jpegAPP1  = 0xe1 // where the EXIF is
	jpegAPP2  = 0xe2 // where the colour profile is
	jpegAPP14 = 0xee // where Adobe says which colours the components are
)

var (
	errJPEG       = errors.New("malformed JPEG")
	errJPEGFrames = errors.New("several frames in one JPEG")
	errJPEGScans  = errors.New("too many scans in one JPEG")
	errJPEGParts  = errors.New("too many segments in one JPEG")
)

// jpegHeader is what a JPEG says of itself.
type jpegHeader struct {
	size        image.Point
	progressive bool
	components  []jpegComponent
	jfif        bool
	adobe       int // which transform Adobe says was made; -1 if it says nothing
	profile     profileParts
	exif        []byte // as a TIFF structure
}

// jpegComponent has of a component its identifier, the sampling factors, which
// are how many blocks of 8×8 samples a unit of the picture takes of it (ITU
// T.81, A.2), and which quantization table it uses.
type jpegComponent struct {
	id    byte
	h, v  int
	table int
}

// parseJPEG reads the headers of a JPEG. It refuses one that names its size
// twice (the size checked must be the size decoded) or has too many scans.
//
// It stops at the end of the picture, so that an embedded thumbnail, in a
// segment, or a second picture, after the end, does not count. What is
// truncated or malformed beyond the frame header is left for the decoder to
// refuse.
func parseJPEG(data []byte) (jpegHeader, error) {
	h := jpegHeader{adobe: -1}
	scans, segments := 0, 0
	for rest := data; ; segments++ {
		var marker byte
		var segment []byte
		marker, rest = nextJPEGMarker(rest)
		segment, rest = cutJPEGSegment(rest)
		switch {
		case marker == 0 || marker == jpegEOI:
			if h.components == nil {
				return h, errJPEG
			}
			return h, nil
		case marker >= jpegSOF0 && marker <= jpegSOF2:
			if h.components != nil {
				return h, errJPEGFrames
			}
			if err := h.readSOF(marker, segment); err != nil {
				return h, err
			}
		case marker == jpegSOS:
			scans++
		default:
			h.readAPP(marker, segment)
		}
		if scans > maxJPEGScans {
			return h, errJPEGScans
		}
		if segments > maxJPEGSegments {
			return h, errJPEGParts
		}
	}
}

// readSOF reads a frame header (ITU T.81, B.2.2).
func (h *jpegHeader) readSOF(marker byte, segment []byte) error {
	if len(segment) < 9 || len(segment) != 6+3*int(segment[5]) || segment[0] != 8 {
		return errJPEG // or samples that are not of 8 bits
	}
	h.progressive = marker == jpegSOF2
	h.size = image.Pt(int(binary.BigEndian.Uint16(segment[3:])), int(binary.BigEndian.Uint16(segment[1:])))
	for c := segment[6:]; len(c) > 0; c = c[3:] {
		f := jpegComponent{c[0], int(c[1] >> 4), int(c[1] & 0xf), int(c[2])}
		if f.h < 1 || f.h > 4 || f.v < 1 || f.v > 4 || f.table > 3 {
			return errJPEG
		}
		for _, other := range h.components {
			if other.id == f.id {
				return errJPEG
			}
		}
		h.components = append(h.components, f)
	}
	switch len(h.components) {
	case 1:
		h.components[0].h, h.components[0].v = 1, 1 // whatever it says: A.2.2
	case 3, 4:
	default:
		return errJPEG // what colours would they be?
	}
	return nil
}

// readAPP reads what applications say of the colours and of the orientation.
func (h *jpegHeader) readAPP(marker byte, segment []byte) {
	switch marker {
	case jpegAPP0:
		h.jfif = h.jfif || bytes.HasPrefix(segment, []byte("JFIF\x00"))
	case jpegAPP1:
		if exif, ok := bytes.CutPrefix(segment, exifMark); ok && h.exif == nil {
			h.exif = exif
		}
	case jpegAPP2:
		h.profile.addJPEG(segment)
	case jpegAPP14:
		if len(segment) >= 12 && string(segment[:5]) == "Adobe" {
			h.adobe = int(segment[11])
		}
	}
}

// colors tells what the components are. JFIF is believed before Adobe, and
// identifiers only where both are silent, as by libjpeg.
func (h *jpegHeader) colors() colors {
	switch len(h.components) {
	case 1:
		return grays
	case 4:
		switch h.adobe {
		case -1:
			return cmyk
		case 2:
			return invertedYCCK
		}
		return invertedCMYK
	}
	ids := string([]byte{h.components[0].id, h.components[1].id, h.components[2].id})
	if !h.jfif && (h.adobe == 0 || h.adobe < 0 && ids == "RGB") {
		return rgb
	}
	return ycc
}

// most returns the largest sampling factors.
func (h *jpegHeader) most() image.Point {
	var m image.Point
	for _, c := range h.components {
		m.X, m.Y = max(m.X, c.h), max(m.Y, c.v)
	}
	return m
}

// units returns how many units (MCU) of all components cover the picture: A.2.4.
func (h *jpegHeader) units() image.Point {
	m := h.most()
	return image.Pt(ceil(h.size.X, 8*m.X), ceil(h.size.Y, 8*m.Y))
}

// ceil returns a/b, rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }

// nextJPEGMarker returns the next marker that has a segment, or EOI, and what
// follows it. Compressed data is passed over: in it, 0xff is followed by a zero
// or by a restart marker. At the end of data the marker is 0.
func nextJPEGMarker(data []byte) (byte, []byte) {
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			return 0, nil
		}
		marker := data[i+1]
		switch {
		case marker == 0xff: // a fill byte: the marker may begin at the next one
			data = data[i+1:]
		case marker == 0, marker == 0xd8, marker >= jpegRST0 && marker <= jpegRST7:
			data = data[i+2:]
		default:
			return marker, data[i+2:]
		}
	}
}

// cutJPEGSegment splits the segment off data that it begins with: two bytes of
// length, which count themselves, and the content. One that is cut off is
// returned as far as it goes.
func cutJPEGSegment(data []byte) (content, rest []byte) {
	if len(data) < 2 {
		return nil, nil
	}
	end := min(len(data), max(2, int(binary.BigEndian.Uint16(data))))
	return data[2:end], data[end:]
}
