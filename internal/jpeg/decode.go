package picture

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
)

// jpegDecoder decodes a baseline, extended or progressive JPEG of 8 bits to
// samples, at 1, 1/2, 1/4 or 1/8 of its size.
//
// It is our own because of what it leaves out: image/jpeg makes all samples of
// a photograph, of which shrinking needs a fraction, and takes four times the
// memory and twice the time to do it (docs/decisions/0012-picture-pipeline.md).
type jpegDecoder struct {
	jpegHeader
	planes   []*jpegPlane
	units    image.Point
	interval int // units between restarts; 0: none

	quantizers [4][64]uint16 // in zigzag order
	defined    [4]bool
	tables     [2][4]huffman // of means (DC), and of all else (AC)
}

// jpegPlane has the samples of a component.
type jpegPlane struct {
	jpegComponent
	n      int         // samples of a block, along a side
	blocks image.Point // that have to do with the picture
	padded image.Point // those that fill up units, too
	pix    []uint8
	kept   []int16 // the coefficients, of a progressive JPEG
	seen   bool    // at least its means

	scanned   bool
	quantizer [64]uint16 // of its first scan; in zigzag order
}

var errJPEGMissing = errors.New("a JPEG that lacks a part")

// decodeJPEG decodes data, whose header is h, so that each block has n×n
// samples in place of 8×8.
func decodeJPEG(ctx context.Context, data []byte, h jpegHeader, n int) (*bitmap, error) {
	d := &jpegDecoder{jpegHeader: h, units: h.units()}
	most := h.most()
	for _, c := range h.components {
		p := &jpegPlane{
			jpegComponent: c, n: n,
			blocks: image.Pt(ceil(h.size.X*c.h, 8*most.X), ceil(h.size.Y*c.v, 8*most.Y)),
			padded: image.Pt(d.units.X*c.h, d.units.Y*c.v),
		}
		p.pix = make([]uint8, n*n*p.padded.X*p.padded.Y)
		if h.progressive {
			p.kept = make([]int16, 64*p.padded.X*p.padded.Y)
		}
		d.planes = append(d.planes, p)
	}
	if err := d.decode(ctx, data); err != nil {
		return nil, err
	}
	return d.bitmap(), nil
}

// decode reads all segments up to the end of the picture.
func (d *jpegDecoder) decode(ctx context.Context, data []byte) error {
	for rest := data; ; {
		var marker byte
		var segment []byte
		marker, rest = nextJPEGMarker(rest)
		if marker == jpegEOI {
			return d.finish(ctx)
		}
		segment, rest = cutJPEGSegment(rest)
		var err error
		switch marker {
		case 0:
			return errJPEGData
		case jpegDQT:
			err = d.readDQT(segment)
		case jpegDHT:
			err = d.readDHT(segment)
		case jpegDRI:
			if len(segment) != 2 {
				return errJPEG
			}
			d.interval = int(binary.BigEndian.Uint16(segment))
		case jpegSOS:
			rest, err = d.readScan(ctx, segment, rest)
		}
		if err != nil {
			return err
		}
	}
}

// readScan decodes a scan and returns what follows it.
func (d *jpegDecoder) readScan(ctx context.Context, segment, rest []byte) ([]byte, error) {
	s, err := d.newScan(segment, rest)
	if err != nil {
		return nil, err
	}
	for _, c := range s.components {
		if !d.defined[c.table] {
			return nil, errJPEGMissing
		}
		if !c.scanned {
			c.scanned, c.quantizer = true, d.quantizers[c.table]
		}
	}
	err = s.decode(ctx)
	return s.bits.data, err
}

// readDQT reads quantization tables (ITU T.81, B.2.4.1).
func (d *jpegDecoder) readDQT(segment []byte) error {
	for len(segment) > 0 {
		wide, id := int(segment[0]>>4), segment[0]&0xf
		size := 64 * (1 + wide)
		if wide > 1 || id > 3 || len(segment) < 1+size {
			return errJPEG
		}
		q := &d.quantizers[id]
		d.defined[id] = true
		for i := range q {
			if wide == 1 {
				q[i] = binary.BigEndian.Uint16(segment[1+2*i:])
			} else {
				q[i] = uint16(segment[1+i])
			}
		}
		segment = segment[1+size:]
	}
	return nil
}

// readDHT reads tables of Huffman codes (B.2.4.2).
func (d *jpegDecoder) readDHT(segment []byte) error {
	for len(segment) > 0 {
		class, id := segment[0]>>4, segment[0]&0xf
		if class > 1 || id > 3 {
			return errJPEG
		}
		rest, err := d.tables[class][id].define(segment[1:])
		if err != nil {
			return err
		}
		segment = rest
	}
	return nil
}

// planeOf returns the plane of a component; nil if there is none.
func (d *jpegDecoder) planeOf(id byte) *jpegPlane {
	for _, p := range d.planes {
		if p.id == id {
			return p
		}
	}
	return nil
}

// finish makes the samples of a progressive JPEG, when all is read.
func (d *jpegDecoder) finish(ctx context.Context) error {
	for _, p := range d.planes {
		if !p.seen {
			return errJPEGMissing
		}
		if !d.progressive {
			continue
		}
		var quantizer [64]int32
		for k, q := range p.quantizer {
			quantizer[unzig[k]] = int32(q)
		}
		for y := range p.blocks.Y {
			if err := ctx.Err(); err != nil {
				return err
			}
			for x := range p.blocks.X {
				p.restore(x, y, &quantizer)
			}
		}
		p.kept = nil
	}
	return nil
}

// restore makes the samples of a block of which the coefficients were kept.
func (p *jpegPlane) restore(x, y int, quantizer *[64]int32) {
	var b block
	columns, rows := 0, 0
	for i, c := range p.coefficients(x, y) {
		if c != 0 {
			b[i&63] = int32(c) * quantizer[i&63]
			columns, rows = max(columns, i&7), i>>3
		}
	}
	p.store(&b, x, y, columns+1, rows+1)
}

// coefficients returns those that are kept of a block.
func (p *jpegPlane) coefficients(x, y int) []int16 {
	return p.kept[64*(y*p.padded.X+x):][:64]
}

// store makes the samples of a block: see inverse.
func (p *jpegPlane) store(b *block, x, y, width, height int) {
	stride := p.n * p.padded.X
	b.inverse(p.pix[y*p.n*stride+x*p.n:], stride, p.n, width, height)
}

// bitmap returns the samples.
func (d *jpegDecoder) bitmap() *bitmap {
	b := &bitmap{colors: d.colors()}
	most := d.most()
	for _, p := range d.planes {
		x, y := float64(p.n*p.h)/float64(8*most.X), float64(p.n*p.v)/float64(8*most.Y)
		b.planes = append(b.planes, plane{
			pix: p.pix, stride: p.n * p.padded.X,
			size: image.Pt(ceil(d.size.X*p.h*p.n, 8*most.X), ceil(d.size.Y*p.v*p.n, 8*most.Y)),
			area: image.Rectangle{Max: d.size}, perX: x, perY: y,
		})
	}
	return b
}
