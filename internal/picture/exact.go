package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

var errForeign = errors.New("it has parts that a stored picture does not have")

// wantOwnChunks fails if a PNG that can be decoded has chunks or bytes that [encodePNG] does not
// write. So a file carries nothing else, such as a page after its end.
func (f *pngFile) wantOwnChunks() error {
	var pixels []byte
	for rest := f.data[len(pngSignature):]; ; {
		id, chunk, next, err := pngChunk(rest)
		switch {
		case err != nil:
			return err
		case id == "IDAT":
			pixels = append(pixels, chunk...)
		case id == "IEND" && len(chunk) == 0 && len(next) == 0:
			return wantOneStream(pixels)
		case !slices.Contains([]string{"IHDR", "PLTE", "tRNS"}, id):
			return errForeign
		}
		rest = next
	}
}

// wantOneStream fails if something follows the compressed pixels. The decoder has found that they
// are as many as they should be.
func wantOneStream(pixels []byte) error {
	r := bytes.NewReader(pixels)
	z, err := zlib.NewReader(r)
	if err == nil {
		_, err = io.Copy(io.Discard, z) //nolint:gosec // the decoder has found that it ends
	}
	if err == nil && r.Len() > 0 {
		err = errForeign
	}
	return err
}

// wantOwnSegments fails if a JPEG that can be decoded has segments that [encodeJPEG] does not write, or does not end
// with its only scan. The segments are DQT, SOF0, DHT and SOS (ITU T.81, B.1.1.3).
func wantOwnSegments(data []byte) error {
	for rest := data[2:]; len(rest) >= 4 && rest[0] == 0xff; {
		size := 2 + int(binary.BigEndian.Uint16(rest[2:]))
		if size > len(rest) || !bytes.Contains([]byte{0xdb, 0xc0, 0xc4, 0xda}, rest[1:2]) {
			return errForeign
		}
		isScan := rest[1] == 0xda
		if rest = rest[size:]; !isScan {
			continue
		}
		for i := 0; i+1 < len(rest); i++ { // 0xff is followed by 0 in a scan
			if rest[i] == 0xff && rest[i+1] != 0 {
				if rest[i+1] == 0xd9 && i+2 == len(rest) {
					return nil
				}
				return errForeign
			}
		}
	}
	return errForeign
}
