package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
)

const (
	// maxScans bounds the scans of a file. Each scan of a progressive JPEG
	// covers the whole picture, however few bytes it has, so a small file
	// could keep a decoder busy for minutes. Encoders write about 10 scans.
	maxScans = 32

	// maxSegments bounds the segments of a file, which may hold millions.
	// Cameras and editors write some dozens.
	maxSegments = 10_000
)

// Markers (table B.1).
const (
	sof0  = 0xc0 // baseline
	sof2  = 0xc2 // progressive; 0xc1 is extended sequential
	dht   = 0xc4
	rst0  = 0xd0
	rst7  = 0xd7
	soi   = 0xd8
	eoi   = 0xd9
	sos   = 0xda
	dqt   = 0xdb
	dri   = 0xdd
	app0  = 0xe0 // JFIF: the components are YCbCr
	app1  = 0xe1 // EXIF
	app2  = 0xe2 // colour profile
	app14 = 0xee // Adobe: which transform was applied
)

var (
	errFormat   = errors.New("jpeg: malformed or unsupported")
	errData     = errors.New("jpeg: malformed or truncated data")
	errMissing  = errors.New("jpeg: a table or component is missing")
	errFrames   = errors.New("jpeg: several frames")
	errScans    = errors.New("jpeg: too many scans")
	errSegments = errors.New("jpeg: too many segments")
)

// component is one colour of the picture: its identifier, its sampling factors
// (blocks in a unit, A.2) and its quantization table.
type component struct {
	id    byte
	h, v  int
	table int
}

// readHeaders reads all segments up to the end of the picture.
//
// Thumbnails within segments, and pictures after the end, do not count. Errors
// after the frame header are left to Decode.
func (f *File) readHeaders() error {
	scanned := 0 // components
	for r, count := newSegments(f.data), 0; ; count++ {
		marker, segment := r.next()
		switch {
		case marker == eoi:
			if f.components == nil {
				return errFormat
			}
			return nil
		case marker >= sof0 && marker <= sof2:
			if err := f.readSOF(marker, segment); err != nil {
				return err
			}
		case marker == sos:
			if len(segment) > 0 {
				scanned += int(segment[0])
			}
			if f.components != nil && !f.progressive && scanned >= len(f.components) {
				return nil
			}
		default:
			f.readAPP(marker, segment)
		}
		if r.scans > maxScans {
			return errScans
		}
		if count > maxSegments {
			return errSegments
		}
	}
}

// readSOF reads a frame header (B.2.2).
func (f *File) readSOF(marker byte, segment []byte) error {
	if f.components != nil {
		return errFrames
	}
	if len(segment) < 9 || len(segment) != 6+3*int(segment[5]) || segment[0] != 8 {
		return errFormat // or not 8 bits a sample
	}
	f.progressive = marker == sof2
	f.Size = image.Pt(int(binary.BigEndian.Uint16(segment[3:])), int(binary.BigEndian.Uint16(segment[1:])))
	if f.Size.X == 0 || f.Size.Y == 0 {
		return errFormat // a height that follows the first scan (B.2.5) is not supported
	}
	for s := segment[6:]; len(s) > 0; s = s[3:] {
		c := component{s[0], int(s[1] >> 4), int(s[1] & 0xf), int(s[2])}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.table > 3 {
			return errFormat
		}
		for _, other := range f.components {
			if other.id == c.id {
				return errFormat
			}
		}
		f.components = append(f.components, c)
	}
	switch len(f.components) {
	case 1:
		f.components[0].h, f.components[0].v = 1, 1 // the factors mean nothing: A.2.2
	case 3, 4:
	default:
		return errFormat
	}
	return nil
}

// readAPP reads what applications say about orientation and colours.
func (f *File) readAPP(marker byte, segment []byte) {
	switch marker {
	case app0:
		f.colors.jfif = f.colors.jfif || bytes.HasPrefix(segment, []byte("JFIF\x00"))
	case app1:
		if exif, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok && f.EXIF == nil {
			f.EXIF = exif
		}
	case app2:
		f.profile.add(segment)
	case app14:
		if len(segment) >= 12 && string(segment[:5]) == "Adobe" {
			f.colors.adobe = int(segment[11])
		}
	}
}

// colorHints is what segments say about the colours.
type colorHints struct {
	jfif  bool
	adobe int // which transform was applied; -1 if there is no Adobe segment
}

// Colors tells what the components are. Like libjpeg, it believes JFIF before
// Adobe, and looks at the identifiers only if both are absent.
func (f *File) Colors() Colors {
	adobe := f.colors.adobe
	switch len(f.components) {
	case 1:
		return Gray
	case 4:
		switch adobe {
		case -1:
			return CMYK
		case 2:
			return InvertedYCCK
		}
		return InvertedCMYK
	}
	ids := string([]byte{f.components[0].id, f.components[1].id, f.components[2].id})
	if !f.colors.jfif && (adobe == 0 || adobe < 0 && ids == "RGB") {
		return RGB
	}
	return YCbCr
}

// maxFactors returns the largest sampling factors.
func (f *File) maxFactors() image.Point {
	var m image.Point
	for _, c := range f.components {
		m.X, m.Y = max(m.X, c.h), max(m.Y, c.v)
	}
	return m
}

// units returns how many units (MCU) cover the picture (A.2.4).
func (f *File) units() image.Point {
	m := f.maxFactors()
	return image.Pt(ceilDiv(f.Size.X, 8*m.X), ceilDiv(f.Size.Y, 8*m.Y))
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// segments reads one segment of a picture after the other.
type segments struct {
	rest  []byte // follows the segment that was read last
	scans int    // read so far
	cut   bool   // the picture ended without EOI
}

func newSegments(data []byte) *segments {
	return &segments{rest: data[min(len(data), len("\xff\xd8")):]} // after SOI
}

// next returns the next segment. At the end of the picture the marker is EOI. That can
// be missing: the picture also ends with the data, and where another picture follows its
// scans.
func (r *segments) next() (marker byte, segment []byte) {
	for {
		marker, r.rest = nextMarker(r.rest)
		switch {
		case marker == 0 || marker == eoi || r.scans > 0 && (marker == soi || marker >= sof0 && marker <= sof2):
			r.cut = marker != eoi
			return eoi, nil
		case marker == soi:
			continue
		case marker == sos:
			r.scans++
		}
		segment, r.rest = cutSegment(r.rest)
		return marker, segment
	}
}

// nextMarker returns the next marker that is no restart marker, and the data after it.
// It skips everything before: compressed data, in which 0xff is followed by zero or by a
// restart marker, and bytes that do not belong there. At the end of data the marker is 0.
func nextMarker(data []byte) (byte, []byte) {
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			return 0, nil
		}
		marker := data[i+1]
		switch {
		case marker == 0xff: // a fill byte; the marker may begin at the next one
			data = data[i+1:]
		case marker == 0, marker >= rst0 && marker <= rst7:
			data = data[i+2:]
		default:
			return marker, data[i+2:]
		}
	}
}

// cutSegment splits data after its first segment, which is two bytes of length,
// themselves included, and the content. A truncated segment is returned as far
// as it goes.
func cutSegment(data []byte) (content, rest []byte) {
	if len(data) < 2 {
		return nil, nil
	}
	end := min(len(data), max(2, int(binary.BigEndian.Uint16(data))))
	return data[2:end], data[end:]
}
