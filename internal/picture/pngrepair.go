package picture

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"
)

// pngRepair is a PNG that image/png accepts, made of one that it may refuse: of the
// chunks that matter, with right checksums, and of exactly the rows that the header
// promises. The rows are inflated and stored again without compression, to count them.
type pngRepair struct {
	rows  *pngRows
	adler hash.Hash32 // of the rows
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
	return &pngRepair{rows: f.rows(ctx), adler: adler32.New(), rest: out, block: make([]byte, pngBlock)}
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
	_, _ = r.adler.Write(r.block[header:][:n])
	r.out = appendPNGChunk(r.out[:0], "IDAT", r.block[:header+n])
	if r.ended {
		r.out = appendPNGChunk(r.out, "IDAT", r.adler.Sum(nil))
		r.out = appendPNGChunk(r.out, "IEND", nil)
	}
	r.rest = r.out
	return nil
}

// pngRows reads the rows of a PNG, each with its filter type before it. It makes up those
// that are missing: they repeat the row above. It fails if there are too many.
type pngRows struct {
	pixels    io.Reader
	passes    []pngPass // still to be read
	row       []byte
	rest      []byte // of the row
	have, all int64  // bytes
	cut       bool
}

// pngPass is a pass of Adam7, or all rows.
type pngPass struct {
	rows, bytes int // bytes of a row
}

func (f *pngFile) rows(ctx context.Context) *pngRows {
	r := &pngRows{passes: f.passes(), pixels: inflatePNG(reader{ctx, &pngData{chunks: f.data[len(pngSignature):]}})}
	longest := 0
	for _, p := range r.passes {
		longest = max(longest, p.bytes)
		r.all += area(p.rows, p.bytes)
	}
	r.row = make([]byte, longest)
	return r
}

// passes returns the rows of each pass (RFC 2083, 2.3 and 2.6). A pass without columns
// has no rows.
func (f *pngFile) passes() []pngPass {
	bits := int(f.depth) * map[byte]int{pngGray: 1, pngRGB: 3, pngPalette: 1, pngGrayAlpha: 2, pngRGBA: 4}[f.colorType]
	steps := [][4]int{{0, 0, 1, 1}} // first column and row, steps
	if f.interlaced {
		steps = [][4]int{
			{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
		}
	}
	var passes []pngPass
	for _, s := range steps {
		columns, rows := (f.size.X-s[0]+s[2]-1)/s[2], (f.size.Y-s[1]+s[3]-1)/s[3]
		if columns > 0 && rows > 0 {
			passes = append(passes, pngPass{rows, 1 + (columns*bits+7)/8})
		}
	}
	return passes
}

func (r *pngRows) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if len(r.passes) == 0 {
			return 0, io.EOF
		}
		pass := &r.passes[0]
		row := r.row[:pass.bytes]
		if err := r.readRow(row); err != nil {
			return 0, err
		}
		r.rest = row
		if pass.rows--; pass.rows == 0 {
			r.passes = r.passes[1:]
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// readRow reads the next row. A filter type that does not exist ends the pixels.
func (r *pngRows) readRow(row []byte) error {
	const filterUp, filters = 2, 5 // RFC 2083, 6.1
	if !r.cut {
		_, err := io.ReadFull(r.pixels, row)
		if err == nil && row[0] < filters {
			r.have += int64(len(row))
			return nil
		}
		r.cut = true
	}
	clear(row)
	row[0] = filterUp
	return enough(float64(r.have) / float64(r.all))
}

// inflatePNG inflates a zlib stream. It ignores checksums: image/png and others stop at
// wrong ones although all pixels are there.
func inflatePNG(z io.Reader) io.Reader {
	var header [2]byte
	if _, err := io.ReadFull(z, header[:]); err != nil || header[0]&15 != 8 {
		return bytes.NewReader(nil)
	}
	return flate.NewReader(z)
}

// pngData reads the content of all IDAT chunks. Other chunks between them do not matter.
type pngData struct {
	chunks []byte
	idat   []byte
}

func (d *pngData) Read(p []byte) (int, error) {
	for len(d.idat) == 0 {
		if len(d.chunks) < 8 || string(d.chunks[4:8]) == "IEND" {
			return 0, io.EOF
		}
		content := d.chunks[8:]
		size := min(uint64(binary.BigEndian.Uint32(d.chunks)), uint64(len(content)))
		if string(d.chunks[4:8]) == "IDAT" {
			d.idat = content[:size]
		}
		d.chunks = content[min(size+4, uint64(len(content))):] // after the checksum
	}
	n := copy(p, d.idat)
	d.idat = d.idat[n:]
	return n, nil
}
