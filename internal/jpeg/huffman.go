package picture

import (
	"encoding/binary"
	"errors"
)

var errJPEGData = errors.New("malformed or truncated JPEG data")

// huffmanLookup is how many bits of a code are looked up at once: in pictures,
// few codes are longer.
const huffmanLookup = 9

// huffman is a table of codes of 1 to 16 bits (ITU T.81, C and F.2.2.3). Until
// it is defined, symbols is nil.
type huffman struct {
	// lookup has, by the next bits of the stream, the symbol and, in the low
	// byte, the length of its code; 0 if that is longer or there is none.
	lookup [1 << huffmanLookup]uint16

	// Codes of one length are numbers in a row. By length: the first code that
	// is longer, as the 16 bits it begins, and what to add to a code to have
	// the index of its symbol.
	limit   [17]uint32
	offset  [17]int
	symbols []byte
}

// define reads a table definition: 16 counts of codes by length, then the
// symbols. It returns what follows it. The table is used again, not allocated
// anew, as a hostile file may have any number of definitions.
func (h *huffman) define(def []byte) ([]byte, error) {
	if len(def) < 16 {
		return nil, errJPEG
	}
	counts, rest := def[:16], def[16:]
	total := 0
	for _, n := range counts {
		total += int(n)
	}
	if total > 256 || total > len(rest) {
		return nil, errJPEG
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
			return nil, errJPEG // more codes than bits tell apart
		}
		h.limit[length] = uint32(code) << (16 - length)
		code <<= 1
	}
	return rest[total:], nil
}

// enter writes a code into the table that is looked up.
func (h *huffman) enter(code, length int, symbol byte) {
	if length > huffmanLookup || code >= 1<<length {
		return
	}
	spare := huffmanLookup - length
	for i := range 1 << spare {
		h.lookup[code<<spare|i] = uint16(symbol)<<8 | uint16(length)
	}
}

// jpegBits reads the bits of a scan.
type jpegBits struct {
	data []byte // of the scan and all that follows it
	acc  uint64 // the next bits, from the highest
	n    int    // how many of them count

	// made is how many of the bits were made up, at the end of the data. They
	// may be looked at, but a picture that needs them is truncated.
	made int
}

// fill sees to it that there are 32 bits or more. It stops at a marker.
func (b *jpegBits) fill() {
	if b.made == 0 && len(b.data) >= 8 {
		v := binary.BigEndian.Uint64(b.data)
		if (^v-0x0101010101010101)&v&0x8080808080808080 == 0 { // no byte is 0xff
			// What there is no room for is read again: the same bits, at the
			// same place.
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

// nextByte takes a byte off the data: zero at its end. A byte of 0xff is
// followed by a zero, to tell it from a marker (ITU T.81, B.1.1.5).
func (b *jpegBits) nextByte() byte {
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

// short reports whether more bits were taken than there are.
func (b *jpegBits) short() bool { return b.made > b.n }

// symbol decodes a symbol. It leaves at least 16 bits for what follows it.
func (b *jpegBits) symbol(h *huffman) (byte, error) {
	if b.n < 32 {
		b.fill()
	}
	if e := h.lookup[b.acc>>(64-huffmanLookup)]; e != 0 {
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
	return 0, errJPEGData
}

// take returns the next bits, at most 16 after a symbol.
func (b *jpegBits) take(bits int) int {
	v := int(b.acc >> (64 - bits)) // a shift by 64 gives 0
	b.acc <<= bits
	b.n -= bits
	return v
}

// signed returns a number of the given bits, of which the lower half are
// negative (ITU T.81, F.2.2.1).
func (b *jpegBits) signed(bits int) int {
	v := b.take(bits)
	if bits > 0 && v < 1<<(bits-1) {
		v += 1 - 1<<bits
	}
	return v
}

// bit returns the next bit.
func (b *jpegBits) bit() int {
	if b.n < 1 {
		b.fill()
	}
	return b.take(1)
}

// restart goes to the restart marker of the given number, which must be next,
// and past it.
func (b *jpegBits) restart(number int) error {
	rest := b.data
	for len(rest) >= 2 && (rest[0] != 0xff || rest[1] == 0 || rest[1] == 0xff) {
		rest = rest[1:]
	}
	if len(rest) < 2 || rest[1] != jpegRST0+byte(number%8) {
		return errJPEGData
	}
	*b = jpegBits{data: rest[2:]}
	return nil
}
