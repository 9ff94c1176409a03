package jpeg

// A progressive JPEG sends the coefficients of a block in several scans: in
// bands of frequencies, and each band bit by bit (annex G).

// band decodes the part of a block's coefficients that the scan has.
func (s *scan) band(c *scanComponent, b []int16) error {
	switch {
	case s.from == 0 && s.high == 0:
		err := s.dc(c)
		b[0] = int16(c.last << s.low)
		return err
	case s.from == 0:
		b[0] |= int16(s.bits.bit() << s.low)
		return nil
	case s.high == 0:
		return s.firstBits(c, b)
	}
	return s.nextBit(c, b)
}

// firstBits decodes the high bits of a band (G.1.2.2).
func (s *scan) firstBits(c *scanComponent, b []int16) error {
	if s.run > 0 {
		s.run--
		return nil
	}
	for k := s.from; k <= s.to; k++ {
		rs, err := s.bits.symbol(c.ac)
		if err != nil {
			return err
		}
		zeros, size := int(rs>>4), int(rs&0xf)
		if size == 0 && zeros < 15 {
			s.endBand(zeros)
			return nil
		}
		k += zeros
		if size == 0 {
			continue // 16 zeros
		}
		if k > s.to {
			return errData
		}
		b[unzig[k]] = int16(s.bits.signed(size) << s.low)
	}
	return nil
}

// endBand reads for how many blocks after this one the band is empty.
func (s *scan) endBand(size int) {
	s.run = 1<<size + s.bits.take(size) - 1
}

// nextBit decodes one more bit of each coefficient in a band (G.1.2.3).
func (s *scan) nextBit(c *scanComponent, b []int16) error {
	k := s.from
	for s.run == 0 && k <= s.to {
		rs, err := s.bits.symbol(c.ac)
		if err != nil {
			return err
		}
		zeros, size := int(rs>>4), int(rs&0xf)
		var value int16
		switch {
		case size > 1:
			return errData
		case size == 1:
			value = int16(s.bits.take(1)*2-1) << s.low
		case zeros < 15:
			s.endBand(zeros)
			s.run++ // this block is one of them
			continue
		}
		k = s.refine(b, k, zeros)
		if value != 0 {
			if k > s.to {
				return errData
			}
			b[unzig[k]] = value
		}
		k++
	}
	if s.run > 0 {
		s.refine(b, k, 64)
		s.run--
	}
	return nil
}

// refine reads a bit for each nonzero coefficient from k on. It stops at the zero
// that follows the given number of zeros, and returns its place.
func (s *scan) refine(b []int16, k, zeros int) int {
	for ; k <= s.to; k++ {
		v := &b[unzig[k]]
		if *v == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		if s.bits.bit() == 0 {
			continue
		}
		if *v > 0 {
			*v += 1 << s.low
		} else {
			*v -= 1 << s.low
		}
	}
	return k
}
