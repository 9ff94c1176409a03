package password

import (
	"encoding/binary"
	"sync"
	"weak"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blake2b"
)

// This is Argon2id after RFC 9106, around the compression function of
// golang.org/x/crypto/argon2, which is where the time goes. That package's IDKey
// will not do here:
//
//   - It starts a goroutine for each lane, also for a single one, so that the work is
//     not done in the thread that was given a low priority for it.
//   - It allocates its memory anew, 19 MiB a hash by default, so that nearly every hash
//     sets the garbage collector off, which halts all threads, and first waits for
//     the slow ones (https://go.dev/issue/36634).
//
// TestArgon2id holds the results against IDKey's.

// Of RFC 9106: the type (3.2), the number of slices of a pass (3.4), and how many
// words of 64 bits a block has (2).
const (
	typeArgon2id = 2
	slices       = 4
	blockWords   = 128
	blockBytes   = 8 * blockWords
)

type block [blockWords]uint64

// derivation is a key being derived. Names in brackets are those of RFC 9106, 3.2.
type derivation struct {
	passes  uint32  // t
	lanes   uint32  // p
	length  uint32  // of a lane, in blocks: q
	segment uint32  // of a lane in a slice, in blocks: q/4
	blocks  []block // B, lane after lane; the first pass writes each before it is read
}

// argon2id derives a key of size bytes. Memory is in KiB; passes and lanes are at least 1.
func argon2id(password, salt []byte, passes, memory uint32, lanes uint8, size uint32) []byte {
	d := derivation{passes: passes, lanes: uint32(lanes)}
	d.segment = max(2, memory/(slices*d.lanes))
	d.length = slices * d.segment
	borrowed := spare.take(d.length * d.lanes)
	defer spare.give(borrowed)
	d.blocks = (*borrowed)[:d.length*d.lanes]
	d.begin(seed(password, salt, passes, memory, d.lanes, size))
	for pass := range passes {
		for slice := range uint32(slices) {
			for lane := range d.lanes {
				d.fill(position{pass, slice, lane, 0})
			}
		}
	}
	return d.end(size)
}

// seed is H_0: a digest of all inputs.
func seed(password, salt []byte, passes, memory, lanes, size uint32) [blake2b.Size]byte {
	var in []byte
	number := func(n uint32) { in = binary.LittleEndian.AppendUint32(in, n) }
	text := func(t []byte) { number(uint32(len(t))); in = append(in, t...) } //nolint:gosec // far below 4 GB
	for _, n := range []uint32{lanes, size, memory, passes, argon2.Version, typeArgon2id} {
		number(n)
	}
	text(password)
	text(salt)
	text(nil) // no secret value
	text(nil) // no associated data
	return blake2b.Sum512(in)
}

// begin fills the first two blocks of every lane (3.2, steps 3 and 4).
func (d *derivation) begin(seed [blake2b.Size]byte) {
	for lane := range d.lanes {
		for i := range uint32(2) {
			in := binary.LittleEndian.AppendUint32(seed[:], i)
			bytes := variableHash(blockBytes, binary.LittleEndian.AppendUint32(in, lane))
			for w := range blockWords {
				d.blocks[lane*d.length+i][w] = binary.LittleEndian.Uint64(bytes[8*w:])
			}
		}
	}
}

// end is the tag: a digest of the last blocks of all lanes (3.2, steps 7 and 8).
func (d *derivation) end(size uint32) []byte {
	var last block
	for lane := range d.lanes {
		for w, word := range d.blocks[(lane+1)*d.length-1] {
			last[w] ^= word
		}
	}
	var bytes []byte
	for _, word := range last {
		bytes = binary.LittleEndian.AppendUint64(bytes, word)
	}
	return variableHash(size, bytes)
}

// position is a block: the index is within the lane's segment in that slice.
type position struct{ pass, slice, lane, index uint32 }

// fill computes the blocks of a segment (3.2, steps 5 and 6).
func (d *derivation) fill(at position) {
	var addresses addressBlock
	independent := at.pass == 0 && at.slice < slices/2 // of the data: the "i" in Argon2id (3.4.1.3)
	if independent {
		addresses.in = block{uint64(at.pass), uint64(at.lane), uint64(at.slice), uint64(d.length) * uint64(d.lanes), uint64(d.passes), typeArgon2id}
	}
	for ; at.index < d.segment; at.index++ {
		if at.pass == 0 && at.slice == 0 && at.index < 2 {
			continue // begin has made it
		}
		column := at.slice*d.segment + at.index
		before := (column + d.length - 1) % d.length
		base := at.lane * d.length
		random := d.blocks[base+before][0]
		if independent {
			random = addresses.word(at.index)
		}
		block, previous, other := &d.blocks[base+column], &d.blocks[base+before], &d.blocks[d.reference(at, random)]
		if at.pass == 0 {
			compress(block, previous, other)
		} else {
			compressXOR(block, previous, other)
		}
	}
}

// reference is which block to mix in, told by a random word (3.4.1 and 3.4.2).
func (d *derivation) reference(at position, random uint64) uint32 {
	lane := uint32(random>>32) % d.lanes //nolint:gosec // 32 bits
	if at.pass == 0 && at.slice == 0 {
		lane = at.lane
	}
	// The area of those to choose from: in the first pass all slices that are done, later
	// the last three; and in this lane what there is of this slice, but for the block
	// before, which is mixed in anyway.
	area, from := at.slice*d.segment, uint32(0)
	if at.pass > 0 {
		area, from = (slices-1)*d.segment, (at.slice+1)%slices*d.segment
	}
	if lane == at.lane {
		area += at.index
	}
	if lane == at.lane || at.index == 0 {
		area--
	}
	x := random & 0xffff_ffff
	x = x * x >> 32
	back := uint32(uint64(area) * x >> 32) //nolint:gosec // less than area
	return lane*d.length + (from+area-1-back)%d.length
}

// addressBlock makes the random words of segments that are filled without regard to
// the data, a block of them at a time (3.4.1.2).
type addressBlock struct{ in, out, zero block }

// word is the one for an index. Indexes are asked for in ascending order, from 0 to 2 on.
func (a *addressBlock) word(index uint32) uint64 {
	if index%blockWords == 0 || a.in[6] == 0 {
		a.in[6]++ // the counter
		compress(&a.out, &a.in, &a.zero)
		compress(&a.out, &a.out, &a.zero)
	}
	return a.out[index%blockWords]
}

// variableHash is H': BLAKE2b with a digest of any size (3.3).
func variableHash(size uint32, in []byte) []byte {
	in = append(binary.LittleEndian.AppendUint32(nil, size), in...)
	var out []byte
	for left := int(size); ; {
		if left <= blake2b.Size {
			return append(out, sum(left, in)...)
		}
		digest := blake2b.Sum512(in)
		out = append(out, digest[:blake2b.Size/2]...)
		left -= blake2b.Size / 2
		in = digest[:]
	}
}

// sum is BLAKE2b with a digest of 1 to 64 bytes.
func sum(size int, in []byte) []byte {
	h, err := blake2b.New(size, nil)
	if err != nil {
		panic(err) // no such size
	}
	_, _ = h.Write(in) // never fails
	return h.Sum(nil)
}

// spareBlocks is memory of derivations that are done. The collector may take it, so
// that none is left when nobody signs in. (A sync.Pool would keep some for each thread.)
type spareBlocks struct {
	mu     sync.Mutex
	spares []weak.Pointer[[]block]
}

var spare spareBlocks

// take returns at least n blocks.
func (s *spareBlocks) take(n uint32) *[]block {
	if blocks := s.find(n); blocks != nil {
		return blocks
	}
	blocks := make([]block, n)
	return &blocks
}

func (s *spareBlocks) find(n uint32) *[]block {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.spares) > 0 {
		last := len(s.spares) - 1
		blocks := s.spares[last].Value()
		s.spares = s.spares[:last]
		if blocks != nil && uint64(len(*blocks)) >= uint64(n) {
			return blocks
		}
	}
	return nil
}

func (s *spareBlocks) give(blocks *[]block) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spares = append(s.spares, weak.Make(blocks))
}
