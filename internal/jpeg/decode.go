package jpeg

import (
	"context"
	"encoding/binary"
	"image"
)

// decoder has the state of decoding a file.
type decoder struct {
	*File
	planes   []*plane
	count    image.Point // units (MCU) of the picture
	interval int         // units between restarts; 0: no restarts

	quantizers [4]*[64]uint16 // in zigzag order; nil until defined
	tables     [2][4]huffman  // DC and AC

	damage error   // the first thing that could not be read
	scans  float64 // the worst share of a scan before the last, of a progressive JPEG
}

// plane has the samples of a component.
type plane struct {
	component
	n         int         // samples of a block, a side
	blocks    image.Point // blocks that have part in the picture
	stride    int         // blocks in a row, with those that fill up the last unit
	pix       []uint8
	kept      []int16     // coefficients, of a progressive JPEG
	quantizer *[64]uint16 // of the first scan, in zigzag order; nil before it

	// The shares of its blocks, 0 to 1, of which there is the DC coefficient and, of a
	// progressive JPEG, the band of AC coefficients that begins with the first.
	coarse, fine float64
}

func newDecoder(f *File, n int) *decoder {
	d := &decoder{File: f, count: f.units(), scans: 1}
	d.damaged(d.readDHT([]byte(standardTables)))
	most := f.maxFactors()
	for _, c := range f.components {
		p := &plane{
			component: c, n: n, stride: d.count.X * c.h,
			blocks: image.Pt(ceilDiv(f.Size.X*c.h, 8*most.X), ceilDiv(f.Size.Y*c.v, 8*most.Y)),
		}
		blocks := p.stride * d.count.Y * c.v
		p.pix = make([]uint8, n*n*blocks)
		if f.progressive {
			p.kept = make([]int16, 64*blocks)
		}
		d.planes = append(d.planes, p)
	}
	return d
}

// decode reads the segments up to the end of the picture. What cannot be read ends the
// picture, too. It fails only if ctx ends.
func (d *decoder) decode(ctx context.Context) error {
	for r := newSegments(d.data); ; {
		marker, segment := r.next()
		var err error
		switch marker {
		case eoi:
			if r.cut {
				d.damaged(errData)
			}
			return d.finish(ctx)
		case dqt:
			err = d.readDQT(segment)
		case dht:
			err = d.readDHT(segment)
		case dri:
			if len(segment) < 2 {
				err = errFormat
				break
			}
			d.interval = int(binary.BigEndian.Uint16(segment))
		case sos:
			r.rest, err = d.readScan(ctx, segment, r.rest)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d.damaged(err)
		if err != nil || !d.progressive && d.share() > 0 {
			return d.finish(ctx)
		}
	}
}

// damaged notes that something could not be read.
func (d *decoder) damaged(err error) {
	if d.damage == nil {
		d.damage = err
	}
}

// share returns which share of the picture could be read, 0 to 1.
func (d *decoder) share() float64 {
	share := d.scans
	for _, p := range d.planes {
		share = min(share, p.coarse)
	}
	if d.progressive && d.damage != nil {
		// Without these it is a mosaic of squares.
		share = min(share, d.planes[0].fine)
	}
	return share
}

// maxLeft is how many bytes may be left over between the scans of a progressive JPEG. If
// there are more, a broken code went unnoticed, and everything after it is wrong. In a
// baseline JPEG they mean nothing: a trailer may follow, and some webcams add bytes.
const maxLeft = 4

// readScan decodes a scan and returns the data after it.
func (d *decoder) readScan(ctx context.Context, segment, rest []byte) ([]byte, error) {
	s, err := d.newScan(segment, rest)
	if err != nil {
		return nil, err
	}
	for _, c := range s.components {
		if d.quantizers[c.table] == nil {
			return nil, errMissing
		}
		if c.quantizer == nil {
			c.quantizer = d.quantizers[c.table]
		}
	}
	share, err := s.decode(ctx)
	if more, left := s.bits.rest(); more && d.progressive {
		if left > maxLeft {
			share = 0
		}
		d.scans = min(d.scans, share)
	}
	if share < 1 {
		d.damaged(errData)
	}
	s.count(share)
	return s.bits.data, err
}

// readDQT reads quantization tables (B.2.4.1).
func (d *decoder) readDQT(segment []byte) error {
	for len(segment) > 0 {
		wide, id := int(segment[0]>>4), segment[0]&0xf
		size := 64 * (1 + wide)
		if wide > 1 || id > 3 || len(segment) < 1+size {
			return errFormat
		}
		q := new([64]uint16) // planes may still use the one before
		for i := range q {
			if wide == 1 {
				q[i] = binary.BigEndian.Uint16(segment[1+2*i:])
			} else {
				q[i] = uint16(segment[1+i])
			}
		}
		d.quantizers[id] = q
		segment = segment[1+size:]
	}
	return nil
}

// readDHT reads Huffman tables (B.2.4.2).
func (d *decoder) readDHT(segment []byte) error {
	for len(segment) > 0 {
		class, id := segment[0]>>4, segment[0]&0xf
		if class > 1 || id > 3 {
			return errFormat
		}
		rest, err := d.tables[class][id].define(segment[1:])
		if err != nil {
			return err
		}
		segment = rest
	}
	return nil
}

// planeOf returns the plane of a component, or nil if there is none.
func (d *decoder) planeOf(id byte) *plane {
	for _, p := range d.planes {
		if p.id == id {
			return p
		}
	}
	return nil
}

// finish transforms the coefficients of a progressive JPEG.
func (d *decoder) finish(ctx context.Context) error {
	if !d.progressive || d.share() == 0 {
		return nil
	}
	for _, p := range d.planes {
		if err := p.transform(ctx); err != nil {
			return err
		}
	}
	return nil
}

// transform makes samples of all coefficients that were kept, and drops these.
func (p *plane) transform(ctx context.Context) error {
	var quantizer [64]int32
	for k, q := range p.quantizer {
		quantizer[unzig[k]] = int32(q)
	}
	for y := range p.blocks.Y {
		if err := ctx.Err(); err != nil {
			return err
		}
		for x := range p.blocks.X {
			p.transformBlock(x, y, &quantizer)
		}
	}
	p.kept = nil
	return nil
}

func (p *plane) transformBlock(x, y int, quantizer *[64]int32) {
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

// coefficients returns the coefficients that are kept of a block.
func (p *plane) coefficients(x, y int) []int16 {
	return p.kept[64*(y*p.stride+x):][:64]
}

// store transforms a block to samples; see [block.inverse].
func (p *plane) store(b *block, x, y, width, height int) {
	stride := p.n * p.stride
	b.inverse(p.pix[y*p.n*stride+x*p.n:], stride, p.n, width, height)
}

// samples returns the decoded samples, without those that fill up units.
func (p *plane) samples(f *File) Plane {
	most := f.maxFactors()
	return Plane{
		Pix: p.pix, Stride: p.n * p.stride,
		Size: image.Pt(ceilDiv(f.Size.X*p.h*p.n, 8*most.X), ceilDiv(f.Size.Y*p.v*p.n, 8*most.Y)),
		PerX: float64(p.n*p.h) / float64(8*most.X),
		PerY: float64(p.n*p.v) / float64(8*most.Y),
	}
}
