package picture

// A progressive JPEG sends the coefficients of a block in several scans: by
// bands of frequencies, and within these bit by bit (ITU T.81, G).

// band decodes what the scan has of the coefficients of a block.
func (s *jpegScan) band(c *scanComponent, b []int16) error {
	switch {
	case s.from == 0 && s.high == 0:
		err := s.mean(c)
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

// firstBits decodes the high bits of a band: G.1.2.2.
func (s *jpegScan) firstBits(c *scanComponent, b []int16) error {
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
			return errJPEGData
		}
		b[unzig[k]] = int16(s.bits.signed(size) << s.low)
	}
	return nil
}

// endBand notes for how many blocks after this one the band is empty.
func (s *jpegScan) endBand(size int) {
	s.run = 1<<size + s.bits.take(size) - 1
}

// nextBit decodes one more bit of each coefficient in a band: G.1.2.3.
func (s *jpegScan) nextBit(c *scanComponent, b []int16) error {
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
			return errJPEGData
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
				return errJPEGData
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

// refine reads a bit for each coefficient from k on that is not zero, and stops
// at the one after the given number of zeros.
func (s *jpegScan) refine(b []int16, k, zeros int) int {
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
