package jpeg

import (
	"bytes"
	"encoding/binary"
)

// lookupBits is how many bits of a code are looked up at once. Few codes are
// longer.
const lookupBits = 9

// huffman is a table of codes of 1 to 16 bits (annex C, F.2.2.3). Until it is
// defined, symbols is nil.
type huffman struct {
	// lookup maps the next bits of the stream to a symbol and, in the low byte,
	// the length of its code. It is 0 for longer codes and for no code.
	lookup [1 << lookupBits]uint16

	// Codes of one length are consecutive numbers. By length, limit has the first
	// longer code, shifted to 16 bits. A code plus offset is the index of its
	// symbol.
	limit   [17]uint32
	offset  [17]int
	symbols []byte
}

// define reads a table: 16 counts of codes by length, then the symbols. It
// returns the data after it. It allocates nothing, because a hostile file may
// define tables thousands of times.
func (h *huffman) define(def []byte) ([]byte, error) {
	if len(def) < 16 {
		return nil, errFormat
	}
	counts, rest := def[:16], def[16:]
	total := 0
	for _, n := range counts {
		total += int(n)
	}
	if total > 256 || total > len(rest) {
		return nil, errFormat
	}
	*h = huffman{symbols: rest[:total]}
	code, index := 0, 0
	for i, n := range counts {
		length := i + 1
		h.offset[length] = index - code
		for range n {
			h.enter(code, length, h.symbols[index])
			code++
			index++
		}
		if code > 1<<length {
			return nil, errFormat // more codes than there are
		}
		h.limit[length] = uint32(code) << (16 - length)
		code <<= 1
	}
	return rest[total:], nil
}

// enter writes a code into the look-up table.
func (h *huffman) enter(code, length int, symbol byte) {
	if length > lookupBits || code >= 1<<length {
		return
	}
	spare := lookupBits - length
	for i := range 1 << spare {
		h.lookup[code<<spare|i] = uint16(symbol)<<8 | uint16(length)
	}
}

// bits reads the bits of a scan.
type bits struct {
	data []byte // of the scan and everything after it
	acc  uint64 // the next bits, from the highest
	n    int    // how many of them are valid

	// made is how many zero bits were made up after the end of the data. They may
	// be looked at; a picture that consumes them is truncated.
	made int
}

// fill refills acc to at least 32 bits. It stops at a marker.
func (b *bits) fill() {
	if b.made == 0 && len(b.data) >= 8 {
		v := binary.BigEndian.Uint64(b.data)
		if (^v-0x0101010101010101)&v&0x8080808080808080 == 0 { // no byte is 0xff
			// Bits that do not fit are read again, at the same place.
			b.acc |= v >> b.n
			b.data = b.data[(63-b.n)/8:]
			b.n |= 56
			return
		}
	}
	for b.n <= 56 {
		b.acc |= uint64(b.nextByte()) << (56 - b.n)
		b.n += 8
	}
}

// nextByte removes a byte from the data and returns it, or zero at the end. A
// zero that follows 0xff is stuffing and is skipped (B.1.1.5).
func (b *bits) nextByte() byte {
	if len(b.data) == 0 || b.data[0] == 0xff && (len(b.data) == 1 || b.data[1] != 0) {
		b.made += 8
		return 0
	}
	v := b.data[0]
	if v == 0xff {
		b.data = b.data[1:]
	}
	b.data = b.data[1:]
	return v
}

// short reports whether more bits were consumed than there are.
func (b *bits) short() bool { return b.made > b.n }

// rest reports whether the picture continues after the scan, with tables or another scan,
// and then how many bytes of the scan were not even looked at. Zeros at their ends do not
// count: they are padding.
func (b *bits) rest() (more bool, left int) {
	marker, rest := nextMarker(b.data)
	if marker != dht && marker != sos && marker != dqt && marker != dri {
		return false, 0
	}
	return true, len(bytes.Trim(b.data[:len(b.data)-len(rest)-2], "\x00"))
}

// symbol decodes a symbol. At least 16 bits are left after it.
func (b *bits) symbol(h *huffman) (byte, error) {
	if b.n < 32 {
		b.fill()
	}
	if e := h.lookup[b.acc>>(64-lookupBits)]; e != 0 {
		b.acc <<= e & 0xff
		b.n -= int(e & 0xff)
		return byte(e >> 8), nil
	}
	next := uint32(b.acc >> 48)
	for length := 1; length <= 16; length++ {
		if next < h.limit[length] {
			b.acc <<= length
			b.n -= length
			return h.symbols[int(next>>(16-length))+h.offset[length]], nil
		}
	}
	return 0, errData
}

// take consumes some bits, at most 16 after a symbol.
func (b *bits) take(bits int) int {
	v := int(b.acc >> (64 - bits)) // a shift by 64 gives 0
	b.acc <<= bits
	b.n -= bits
	return v
}

// signed consumes a number of the given size. The lower half of its values stand
// for negative numbers (F.2.2.1).
func (b *bits) signed(bits int) int {
	v := b.take(bits)
	if bits > 0 && v < 1<<(bits-1) {
		v += 1 - 1<<bits
	}
	return v
}

// bit consumes one bit.
func (b *bits) bit() int {
	if b.n < 1 {
		b.fill()
	}
	return b.take(1)
}

// restart skips to the restart marker of the given number, and past it. It reports false
// and stays before the next marker if the wanted one seems to be missing. It judges a
// wrong number like libjpeg: one or two behind is a leftover, one or two ahead belongs to
// a later interval, and any other is a mistake of the encoder.
func (b *bits) restart(number int) bool {
	for rest := b.data; ; {
		i := bytes.IndexByte(rest, 0xff)
		if i < 0 || i+1 >= len(rest) {
			*b = bits{}
			return false
		}
		rest = rest[i:]
		marker := rest[1]
		ahead := (int(marker) - rst0 - number) & 7
		switch {
		case marker == 0xff:
			rest = rest[1:]
		case marker < sof0 || marker >= rst0 && marker <= rst7 && ahead >= 6:
			rest = rest[2:]
		case marker < rst0 || marker > rst7 || ahead == 1 || ahead == 2:
			*b = bits{data: rest}
			return false
		default:
			*b = bits{data: rest[2:]}
			return true
		}
	}
}
