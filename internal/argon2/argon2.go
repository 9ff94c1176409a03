// Package argon2 derives keys from passwords with Argon2 (RFC 9106), most of all Argon2id.
//
// It returns the same keys as golang.org/x/crypto/argon2 and uses that package's
// compression function, where nearly all the time goes. It differs in two ways
// that matter to a server that hashes many passwords:
//
//   - It works in the goroutine of its caller. A caller that has lowered the
//     priority of its thread keeps that priority. x/crypto starts goroutines,
//     which run on other threads.
//   - It reuses memory. x/crypto allocates 19 MiB for each hash by default, so
//     nearly every hash causes a garbage collection.
//
// docs/decisions/0021-argon2.md has the measurements, and says when this package
// can be replaced. Names in brackets are those of the RFC.
package argon2

import (
	"encoding/binary"

	"golang.org/x/crypto/blake2b"
)

// Version is the version of Argon2 that this package implements (section 3.2, v).
const Version = 0x13

const (
	slices     = 4 // of a pass (section 3.4)
	blockWords = 128
	blockBytes = 8 * blockWords
)

// Kind is a variant of Argon2 (section 3.2, y).
type Kind uint32

// The variants. Cardea makes ID hashes only; the others come from elsewhere.
const (
	D Kind = iota
	I
	ID
)

// block is the unit of memory, 1 KiB (section 2).
type block [blockWords]uint64

// IDKey derives a key of size bytes. It takes the same parameters as IDKey of
// golang.org/x/crypto/argon2: time is the number of passes over the memory, and
// memory is in KiB. It panics if time, lanes or size is zero.
func IDKey(password, salt []byte, time, memory uint32, lanes uint8, size uint32) []byte {
	return Key(ID, password, salt, time, memory, lanes, size)
}

// Key derives a key by a variant. The parameters are those of [IDKey].
func Key(kind Kind, password, salt []byte, time, memory uint32, lanes uint8, size uint32) []byte {
	in := input{kind: kind, password: password, salt: salt, passes: time, memory: memory, lanes: uint32(lanes), size: size}
	return in.key()
}

// input is all that a key depends on. IDKey leaves secret and data empty.
type input struct {
	kind     Kind   // y
	password []byte // P
	salt     []byte // S
	secret   []byte // K
	data     []byte // X, associated data
	passes   uint32 // t
	memory   uint32 // m, in KiB
	lanes    uint32 // p
	size     uint32 // T, in bytes
}

// key derives the key, called tag in the RFC (section 3.2).
func (in *input) key() []byte {
	if in.passes == 0 || in.lanes == 0 || in.size == 0 {
		panic("argon2: time, lanes and size must not be zero")
	}
	d := derivation{kind: in.kind, passes: in.passes, lanes: in.lanes}
	d.segment = max(2, in.memory/(slices*d.lanes))
	d.length = slices * d.segment
	borrowed := spare.take(d.length * d.lanes)
	defer spare.give(borrowed)
	d.blocks = (*borrowed)[:d.length*d.lanes]
	d.begin(in.hash())
	for pass := range d.passes {
		for slice := range uint32(slices) {
			for lane := range d.lanes {
				d.fill(position{pass, slice, lane, 0})
			}
		}
	}
	return d.end(in.size)
}

// hash returns the digest of all inputs [H_0] (section 3.2, step 1).
func (in *input) hash() [blake2b.Size]byte {
	var b []byte
	for _, n := range []uint32{in.lanes, in.size, in.memory, in.passes, Version, uint32(in.kind)} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	for _, text := range [][]byte{in.password, in.salt, in.secret, in.data} {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text))) //nolint:gosec // far below 4 GB
		b = append(b, text...)
	}
	return blake2b.Sum512(b)
}

// derivation is a key being derived.
type derivation struct {
	kind    Kind    // y
	passes  uint32  // t
	lanes   uint32  // p
	length  uint32  // blocks of a lane [q]
	segment uint32  // blocks of a lane in one slice [q/4]
	blocks  []block // B, lane after lane; the first pass writes each block before it reads it
}

// begin fills the first two blocks of every lane (section 3.2, steps 3 and 4).
func (d *derivation) begin(h0 [blake2b.Size]byte) {
	for lane := range d.lanes {
		for i := range uint32(2) {
			seed := binary.LittleEndian.AppendUint32(h0[:], i)
			bytes := variableHash(blockBytes, binary.LittleEndian.AppendUint32(seed, lane))
			for w := range blockWords {
				d.blocks[lane*d.length+i][w] = binary.LittleEndian.Uint64(bytes[8*w:])
			}
		}
	}
}

// end returns the digest of the last blocks of all lanes (section 3.2, steps 7 and 8).
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

// position names a block. The index counts within the segment of lane and slice.
type position struct{ pass, slice, lane, index uint32 }

// fill computes the blocks of one segment (section 3.2, steps 5 and 6).
func (d *derivation) fill(at position) {
	var addresses addressBlock
	// Of the password (sections 3.4.1.1 to 3.4.1.3).
	independent := d.kind == I || d.kind == ID && at.pass == 0 && at.slice < slices/2
	if independent {
		addresses.in = block{uint64(at.pass), uint64(at.lane), uint64(at.slice), uint64(d.length) * uint64(d.lanes), uint64(d.passes), uint64(d.kind)}
	}
	for ; at.index < d.segment; at.index++ {
		if at.pass == 0 && at.slice == 0 && at.index < 2 {
			continue // begin has filled it
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

// reference returns the index of the block to mix in, chosen by a random word
// (sections 3.4.1 and 3.4.2).
func (d *derivation) reference(at position, random uint64) uint32 {
	lane := uint32(random>>32) % d.lanes //nolint:gosec // 32 bits
	if at.pass == 0 && at.slice == 0 {
		lane = at.lane
	}
	// The area to choose from has the finished slices: all of them in the first
	// pass, the last three later. In the block's own lane, it also has the blocks
	// of this slice before the previous one.
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

// addressBlock makes the random words of segments that are filled independently
// of the password, one block of words at a time (section 3.4.1.2).
type addressBlock struct{ in, out, zero block }

// word returns the word for an index. Indexes must ascend.
func (a *addressBlock) word(index uint32) uint64 {
	if index%blockWords == 0 || a.in[6] == 0 {
		a.in[6]++ // the counter
		compress(&a.out, &a.in, &a.zero)
		compress(&a.out, &a.out, &a.zero)
	}
	return a.out[index%blockWords]
}

// variableHash is BLAKE2b with a digest of any size [H'] (section 3.3).
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
