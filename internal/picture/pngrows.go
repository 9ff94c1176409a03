package picture

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"
)

// pngRows reads the rows of a PNG, each with its filter type before it. It makes up those
// that are missing: they repeat the row above. It fails if there are too many.
//
// Rows are missing after a broken code or an unknown filter. Rows are doubtful after a
// wrong checksum, unless the other checksum is right: PNG has one for each chunk, and zlib
// one for all pixels. Doubtful rows are shown but count as missing. They begin up to 40 KB
// early, because that much is read ahead and inflated at once.
type pngRows struct {
	data   *pngData
	zlib   *bufio.Reader // of data
	pixels io.Reader     // of zlib
	passes []pngPass     // still to be read
	row    []byte
	rest   []byte // of the row
	adler  hash.Hash32

	have, sure, all int64 // bytes
	cut             bool
}

// pngPass is a pass of Adam7, or all rows.
type pngPass struct {
	rows, bytes int // bytes of a row
}

func (f *pngFile) rows(ctx context.Context) *pngRows {
	r := &pngRows{passes: f.passes(), data: &pngData{chunks: f.data[len(pngSignature):]}, adler: adler32.New()}
	r.zlib = bufio.NewReader(reader{ctx, r.data})
	r.pixels = inflatePNG(r.zlib)
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
		r.rest = r.row[:pass.bytes]
		r.readRow(r.rest)
		if pass.rows--; pass.rows == 0 {
			r.passes = r.passes[1:]
		}
		if err := r.enough(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// readRow reads the next row. A filter type that does not exist ends the pixels.
func (r *pngRows) readRow(row []byte) {
	const filterUp, filters = 2, 5 // RFC 2083, 6.1
	if !r.cut {
		_, err := io.ReadFull(r.pixels, row)
		r.cut = err != nil || row[0] >= filters
	}
	if r.cut {
		clear(row)
		row[0] = filterUp
	} else {
		r.have += int64(len(row))
		if !r.data.wrong {
			r.sure = r.have
		}
	}
	_, _ = r.adler.Write(row)
}

// enough fails once it is known that too few rows can be read.
func (r *pngRows) enough() error {
	switch {
	case r.cut:
		return enough(float64(r.sure) / float64(r.all))
	case len(r.passes) > 0 || r.sure == r.all:
		return nil
	}
	var sum [adler32.Size]byte
	if n, _ := r.pixels.Read(sum[:1]); n == 0 { // there is nothing to spare
		_, err := io.ReadFull(r.zlib, sum[:])
		if err == nil && binary.BigEndian.Uint32(sum[:]) == r.adler.Sum32() {
			return nil
		}
	}
	return enough(float64(r.sure) / float64(r.all))
}

// inflatePNG inflates a zlib stream. It leaves the checksum after the stream to the caller.
func inflatePNG(z *bufio.Reader) io.Reader {
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
	wrong  bool // the checksum of a chunk that was begun
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
			sum := content[size:]
			d.wrong = d.wrong || len(sum) >= 4 && binary.BigEndian.Uint32(sum) != crc32.ChecksumIEEE(d.chunks[4:8+size])
		}
		d.chunks = content[min(size+4, uint64(len(content))):] // after the checksum
	}
	n := copy(p, d.idat)
	d.idat = d.idat[n:]
	return n, nil
}
