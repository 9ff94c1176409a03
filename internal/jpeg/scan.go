package jpeg

import "context"

// scan is a scan: several components, interleaved, or one component, of which a
// progressive JPEG may send only a band of coefficients (B.2.3, G.1.1.1).
type scan struct {
	d          *decoder
	components []scanComponent
	from, to   int // first and last coefficient of the band, in zigzag order
	high, low  int // successive approximation; high is 0 in a first scan

	bits bits
	run  int  // how many of the next blocks have no more coefficients in this band
	lost bool // the data is not understood up to the next restart marker
}

type scanComponent struct {
	*plane
	dc, ac *huffman
	last   int // DC coefficient of the block before
}

// newScan reads a scan header.
func (d *decoder) newScan(segment, rest []byte) (*scan, error) {
	if len(segment) < 1 || len(segment) != 4+2*int(segment[0]) || segment[0] == 0 {
		return nil, errFormat
	}
	n := int(segment[0])
	s := &scan{d: d, to: 63, bits: bits{data: rest}}
	blocks := 0
	for i := range n {
		id, tables := segment[1+2*i], segment[2+2*i]
		p := d.planeOf(id)
		if p == nil || tables>>4 > 3 || tables&0xf > 3 {
			return nil, errFormat
		}
		for _, c := range s.components {
			if c.plane == p {
				return nil, errFormat
			}
		}
		s.components = append(s.components, scanComponent{p, &d.tables[0][tables>>4], &d.tables[1][tables&0xf], 0})
		blocks += p.h * p.v
	}
	if n > 1 && blocks > 10 { // B.2.3
		return nil, errFormat
	}
	if d.progressive {
		last := segment[1+2*n:]
		s.from, s.to = int(last[0]), int(last[1])
		s.high, s.low = int(last[2]>>4), int(last[2]&0xf)
	}
	return s, s.check()
}

// check refuses parameters that the specification rules out (G.1.1.1).
func (s *scan) check() error {
	switch {
	case s.from > s.to || s.to > 63:
	case s.d.progressive && s.from == 0 && s.to != 0:
	case s.from > 0 && len(s.components) > 1:
	case s.low > 13 || s.high != 0 && s.high != s.low+1:
	case s.lacksTables():
	default:
		return nil
	}
	return errFormat
}

func (s *scan) lacksTables() bool {
	for _, c := range s.components {
		if s.from == 0 && s.high == 0 && c.dc.symbols == nil || s.to > 0 && c.ac.symbols == nil {
			return true
		}
	}
	return false
}

// decode decodes the scan. Units that cannot be read are left out, up to the next restart
// marker or, without restarts, to the end. It returns which share was read.
func (s *scan) decode(ctx context.Context) (share float64, err error) {
	units := s.d.count
	alone := len(s.components) == 1
	if alone {
		units = s.components[0].blocks // without the blocks that fill up units: A.2.2
	}
	count, missing := 0, 0
	for y := range units.Y {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		for x := range units.X {
			if s.d.interval > 0 && count > 0 && count%s.d.interval == 0 {
				s.restart(count/s.d.interval - 1)
			}
			count++
			if !s.lost && s.unit(x, y, alone) == nil {
				continue
			}
			s.lost = true
			missing++
			s.skip(x, y, alone)
		}
	}
	return 1 - float64(missing)/float64(count), nil
}

// count notes which share of its blocks the scan had.
func (s *scan) count(share float64) {
	for _, c := range s.components {
		switch {
		case s.high > 0: // refines what a scan before it had
		case s.from == 0:
			c.coarse = max(c.coarse, share)
		case s.from == 1:
			c.fine = max(c.fine, share)
		}
	}
}

// restart passes the restart marker of the given number.
func (s *scan) restart(number int) {
	s.run = 0
	for i := range s.components {
		s.components[i].last = 0
	}
	s.lost = !s.bits.restart(number)
}

// unit decodes the unit (MCU) at column x and row y.
func (s *scan) unit(x, y int, alone bool) error {
	for i := range s.components {
		c := &s.components[i]
		if alone {
			if err := s.block(c, x, y); err != nil {
				return err
			}
			continue
		}
		for v := range c.v {
			for h := range c.h {
				if err := s.block(c, x*c.h+h, y*c.v+v); err != nil {
					return err
				}
			}
		}
	}
	if s.bits.short() {
		return errData
	}
	return nil
}

// skip makes the unit at column x and row y gray. In a progressive JPEG it keeps what
// other scans have.
func (s *scan) skip(x, y int, alone bool) {
	if s.d.progressive {
		return
	}
	for _, c := range s.components {
		if alone {
			c.store(&block{}, x, y, 1, 1)
			continue
		}
		for v := range c.v {
			for h := range c.h {
				c.store(&block{}, x*c.h+h, y*c.v+v, 1, 1)
			}
		}
	}
}

// block decodes the part of a block that the scan has.
func (s *scan) block(c *scanComponent, x, y int) error {
	if s.d.progressive {
		return s.band(c, c.coefficients(x, y))
	}
	var b block
	w, h, err := s.sequential(c, &b)
	if err == nil {
		c.store(&b, x, y, w, h)
	}
	return err
}

// sequential decodes and dequantizes a whole block (F.2.2). It returns how many
// columns and rows have coefficients.
func (s *scan) sequential(c *scanComponent, b *block) (w, h int, err error) {
	if err := s.dc(c); err != nil {
		return 0, 0, err
	}
	b[0] = int32(c.last) * int32(c.quantizer[0])
	columns, rows := 0, 0
	bits := s.bits // a copy, so that the compiler keeps it in registers
	for k := 1; k < 64; k++ {
		rs, err := bits.symbol(c.ac)
		if err != nil {
			return 0, 0, err
		}
		size := int(rs & 0xf)
		if size == 0 {
			if rs != 0xf0 {
				break
			}
			k += 15
			continue
		}
		k += int(rs >> 4)
		if k > 63 {
			return 0, 0, errData
		}
		at := int(unzig[k&63])
		b[at&63] = int32(bits.signed(size)) * int32(c.quantizer[k&63])
		columns, rows = max(columns, at&7), max(rows, at>>3)
	}
	s.bits = bits
	return columns + 1, rows + 1, nil
}

// dc decodes a block's DC coefficient, as the difference to the block before.
func (s *scan) dc(c *scanComponent) error {
	size, err := s.bits.symbol(c.dc)
	if err != nil {
		return err
	}
	if size > 15 {
		return errData
	}
	c.last = int(int16(c.last + s.bits.signed(int(size))))
	return nil
}
