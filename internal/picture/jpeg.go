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
	jpegSOF0 = 0xc0 // baseline
	jpegSOF2 = 0xc2 // progressive; SOF1 between them is extended sequential
	jpegRST0 = 0xd0
	jpegRST7 = 0xd7
	jpegEOI  = 0xd9
	jpegSOS  = 0xda
)

var (
	errJPEGFrames = errors.New("several frames in one JPEG")
	errJPEGScans  = errors.New("too many scans in one JPEG")
)

// checkJPEGMarkers refuses a JPEG that names its size twice (the size checked
// must be the size decoded) or has too many scans. It walks the markers as
// image/jpeg does and stops at the end of the picture, so that an embedded
// thumbnail, in a segment, or a second picture, after the end, does not count.
// What is truncated or malformed is left for the decoder to refuse.
func checkJPEGMarkers(data []byte) error {
	frames, scans := 0, 0
	for rest := data; ; {
		var marker byte
		marker, rest = nextJPEGMarker(rest)
		switch {
		case marker == 0 || marker == jpegEOI:
			return nil
		case marker >= jpegSOF0 && marker <= jpegSOF2:
			frames++
		case marker == jpegSOS:
			scans++
		}
		if frames > 1 {
			return errJPEGFrames
		}
		if scans > maxJPEGScans {
			return errJPEGScans
		}
		rest = skipJPEGSegment(rest)
	}
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

// skipJPEGSegment returns what follows the segment that data begins with: two
// bytes of length, which count themselves, and the rest of it.
func skipJPEGSegment(data []byte) []byte {
	if len(data) < 2 {
		return nil
	}
	return data[min(len(data), max(2, int(binary.BigEndian.Uint16(data)))):]
}
