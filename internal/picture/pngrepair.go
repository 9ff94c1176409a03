package picture

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// pngRepair is a PNG that image/png accepts, made of one that it refused: of the chunks
// that matter, with right checksums, and of exactly the rows that the header promises. The
// rows are inflated and stored again without compression, to count them.
type pngRepair struct {
	rows  *pngRows
	out   []byte
	rest  []byte // of out, to be read
	block []byte
	ended bool
}

// pngBlock is how many bytes of pixels a chunk of a repaired PNG has.
const pngBlock = 8 << 10

func (f *pngFile) repair(ctx context.Context) *pngRepair {
	out := appendPNGChunk([]byte(pngSignature), "IHDR", f.header)
	if f.palette != nil {
		out = appendPNGChunk(out, "PLTE", f.palette)
	}
	if f.tRNS != nil {
		out = appendPNGChunk(out, "tRNS", f.tRNS)
	}
	out = appendPNGChunk(out, "IDAT", []byte("\x78\x01")) // begins a zlib stream (RFC 1950, 2.2)
	return &pngRepair{rows: f.rows(ctx), rest: out, block: make([]byte, pngBlock)}
}

func appendPNGChunk(b []byte, id string, content []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(content)))
	start := len(b)
	b = append(append(b, id...), content...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

func (r *pngRepair) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next makes a chunk of a stored block (RFC 1951, 3.2.4) and, if it is the last, the end.
func (r *pngRepair) next() error {
	const header = 5
	n, err := io.ReadFull(r.rows, r.block[header:])
	r.ended = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !r.ended {
		return err
	}
	r.block[0] = 0
	if r.ended {
		r.block[0] = 1 // the last block
	}
	binary.LittleEndian.PutUint16(r.block[1:], uint16(n))
	binary.LittleEndian.PutUint16(r.block[3:], ^uint16(n))
	r.out = appendPNGChunk(r.out[:0], "IDAT", r.block[:header+n])
	if r.ended {
		r.out = appendPNGChunk(r.out, "IDAT", r.rows.adler.Sum(nil))
		r.out = appendPNGChunk(r.out, "IEND", nil)
	}
	r.rest = r.out
	return nil
}
