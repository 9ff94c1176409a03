package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// maxJPEGScans bounds how many scans a JPEG may have. Each scan of a
// progressive JPEG goes over the whole picture, however few bytes it has, so
// that thousands of scans in a small file would keep a decoder busy for
// minutes. Encoders write about 10; 32 of them on 50 megapixels take a core
// some 4 seconds.
const maxJPEGScans = 32

// Markers of ITU T.81, table B.1.
const (
	jpegSOF0  = 0xc0 // baseline
	jpegSOF2  = 0xc2 // progressive; SOF1 between them is extended sequential
	jpegRST0  = 0xd0
	jpegRST7  = 0xd7
	jpegEOI   = 0xd9
	jpegSOS   = 0xda
	jpegAPP14 = 0xee // where Adobe says which colours the components are
)

var (
	errJPEG       = errors.New("malformed JPEG")
	errJPEGFrames = errors.New("several frames in one JPEG")
	errJPEGScans  = errors.New("too many scans in one JPEG")
)

// jpegFrame is what a JPEG says of itself besides its size.
type jpegFrame struct {
	progressive bool
	components  []jpegComponent
	rgb         bool // the components may be red, green and blue
}

// jpegComponent has the sampling factors of a component: how many blocks of
// 8×8 samples a unit of the picture takes of it (ITU T.81, A.2).
type jpegComponent struct{ h, v int }

// parseJPEG reads the frame header of a JPEG. It refuses one that names its
// size twice (the size checked must be the size decoded) or has too many scans.
//
// It walks the markers as image/jpeg does and stops at the end of the picture,
// so that an embedded thumbnail, in a segment, or a second picture, after the
// end, does not count. What is truncated or malformed beyond the frame header
// is left for the decoder to refuse.
func parseJPEG(data []byte) (jpegFrame, error) {
	var f jpegFrame
	frames, scans := 0, 0
	for rest := data; ; {
		var marker byte
		var segment []byte
		marker, rest = nextJPEGMarker(rest)
		segment, rest = cutJPEGSegment(rest)
		switch {
		case marker == 0 || marker == jpegEOI:
			if frames == 0 {
				return jpegFrame{}, errJPEG
			}
			return f, nil
		case marker >= jpegSOF0 && marker <= jpegSOF2:
			frames++
			if err := f.readSOF(marker, segment); err != nil {
				return jpegFrame{}, err
			}
		case marker == jpegSOS:
			scans++
		case marker == jpegAPP14:
			f.rgb = f.rgb || isAdobeRGB(segment)
		}
		if frames > 1 {
			return jpegFrame{}, errJPEGFrames
		}
		if scans > maxJPEGScans {
			return jpegFrame{}, errJPEGScans
		}
	}
}

// readSOF reads a frame header (ITU T.81, B.2.2), from which the decoder knows
// its size already.
func (f *jpegFrame) readSOF(marker byte, segment []byte) error {
	if len(segment) < 9 || len(segment) != 6+3*int(segment[5]) {
		return errJPEG
	}
	f.progressive = marker == jpegSOF2
	ids := ""
	for c := segment[6:]; len(c) > 0; c = c[3:] {
		ids += string(c[:1])
		h, v := int(c[1]>>4), int(c[1]&0xf)
		if h == 0 || v == 0 {
			return errJPEG
		}
		f.components = append(f.components, jpegComponent{h, v})
	}
	if len(f.components) == 1 {
		f.components[0] = jpegComponent{1, 1} // whatever it says: A.2.2
	}
	f.rgb = f.rgb || ids == "RGB"
	return nil
}

// isAdobeRGB reports whether an APP14 segment says that three components are
// not YCbCr. Whether the decoder believes that depends on JFIF segments as
// well; to take it for true at worst counts too much.
func isAdobeRGB(segment []byte) bool {
	return len(segment) >= 12 && string(segment[:5]) == "Adobe" && segment[11] == 0
}

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
