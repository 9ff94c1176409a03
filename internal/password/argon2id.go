// Copyright 2017 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the file LICENSE-go.

package password

import (
	"encoding/binary"
	"sync"
	"weak"

	"golang.org/x/crypto/blake2b"
)

// This is Argon2id of golang.org/x/crypto v0.58.0, with two differences, which are
// why it is here at all:
//
//   - It computes in the goroutine of its caller, lane after lane. x/crypto starts
//     goroutines, also for a single lane, so that the work is not done in the thread
//     that was given a low priority for it.
//   - It uses its memory again. x/crypto allocates it anew, so that nearly every hash
//     sets the garbage collector off, which halts all threads, and first waits
//     for the slow ones (https://go.dev/issue/36634).
//
// The files blake2b.go, blamka_amd64.go, blamka_amd64.s, blamka_generic.go and
// blamka_other.go are x/crypto's but for names. TestArgon2id holds all of it against
// the original.

const (
	argon2Version = 0x13
	argon2idType  = 2
	blockLength   = 128
	syncPoints    = 4
)

type block [blockLength]uint64

// argon2id derives a key (RFC 9106). Time is in passes, memory in KiB; both and
// lanes are at least 1.
func argon2id(password, salt []byte, time, memory uint32, lanes uint8, keyLen uint32) []byte {
	h0 := initHash(password, salt, time, memory, uint32(lanes), keyLen)
	segments := max(2, memory/(syncPoints*uint32(lanes)))
	a := argon2{time: time, lanes: uint32(lanes), segments: segments, lane: segments * syncPoints}
	a.memory = a.lane * a.lanes
	blocks := spare.take(a.memory)
	defer spare.give(blocks)
	a.blocks = (*blocks)[:a.memory]
	a.initBlocks(&h0)
	for n := range time {
		for slice := range uint32(syncPoints) {
			for lane := range a.lanes {
				a.processSegment(n, slice, lane)
			}
		}
	}
	return a.extractKey(keyLen)
}

// spareBlocks is memory of hashes that are done. The collector may take it, so that
// none is left when nobody signs in. (A sync.Pool would keep some for each thread.)
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
		if blocks != nil && uint32(len(*blocks)) >= n {
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

// argon2 is a computation under way.
type argon2 struct {
	time, memory, lanes uint32  // memory in blocks
	lane, segments      uint32  // blocks of a lane, and of a segment of it
	blocks              []block // not empty at first: the first pass overwrites each before it is read
}

func initHash(password, salt []byte, time, memory, lanes, keyLen uint32) [blake2b.Size + 8]byte {
	var h0 [blake2b.Size + 8]byte
	b2, _ := blake2b.New512(nil)
	number := func(n uint32) { b2.Write(binary.LittleEndian.AppendUint32(nil, n)) }
	for _, n := range []uint32{lanes, keyLen, memory, time, argon2Version, argon2idType} {
		number(n)
	}
	number(uint32(len(password)))
	b2.Write(password)
	number(uint32(len(salt)))
	b2.Write(salt)
	number(0) // no secret
	number(0) // no associated data
	b2.Sum(h0[:0])
	return h0
}

func (a *argon2) initBlocks(h0 *[blake2b.Size + 8]byte) {
	var bytes [1024]byte
	for lane := range a.lanes {
		binary.LittleEndian.PutUint32(h0[blake2b.Size+4:], lane)
		for first := range uint32(2) {
			binary.LittleEndian.PutUint32(h0[blake2b.Size:], first)
			blake2bHash(bytes[:], h0[:])
			b := &a.blocks[lane*a.lane+first]
			for i := range b {
				b[i] = binary.LittleEndian.Uint64(bytes[i*8:])
			}
		}
	}
}

func (a *argon2) processSegment(n, slice, lane uint32) {
	var addresses, in, zero block
	independent := n == 0 && slice < syncPoints/2 // of the data: the i of Argon2id
	nextAddresses := func() {
		in[6]++
		processBlock(&addresses, &in, &zero)
		processBlock(&addresses, &addresses, &zero)
	}
	if independent {
		in[0], in[1], in[2] = uint64(n), uint64(lane), uint64(slice)
		in[3], in[4], in[5] = uint64(a.memory), uint64(a.time), argon2idType
	}
	index := uint32(0)
	if n == 0 && slice == 0 {
		index = 2 // initBlocks has made the first two
		nextAddresses()
	}
	offset := lane*a.lane + slice*a.segments + index
	for ; index < a.segments; index, offset = index+1, offset+1 {
		prev := offset - 1
		if index == 0 && slice == 0 {
			prev += a.lane // the last of the lane
		}
		random := a.blocks[prev][0]
		if independent {
			if index%blockLength == 0 {
				nextAddresses()
			}
			random = addresses[index%blockLength]
		}
		other := a.indexAlpha(random, n, slice, lane, index)
		if n == 0 {
			processBlock(&a.blocks[offset], &a.blocks[prev], &a.blocks[other])
		} else {
			processBlockXOR(&a.blocks[offset], &a.blocks[prev], &a.blocks[other])
		}
	}
}

func (a *argon2) extractKey(keyLen uint32) []byte {
	last := &a.blocks[a.memory-1]
	for lane := range a.lanes - 1 {
		for i, v := range a.blocks[lane*a.lane+a.lane-1] {
			last[i] ^= v
		}
	}
	var bytes [1024]byte
	for i, v := range last {
		binary.LittleEndian.PutUint64(bytes[i*8:], v)
	}
	key := make([]byte, keyLen)
	blake2bHash(key, bytes[:])
	return key
}

// indexAlpha chooses the block to mix in (RFC 9106, 3.4.2).
func (a *argon2) indexAlpha(random uint64, n, slice, lane, index uint32) uint32 {
	refLane := uint32(random>>32) % a.lanes
	if n == 0 && slice == 0 {
		refLane = lane
	}
	m, s := 3*a.segments, ((slice+1)%syncPoints)*a.segments
	if lane == refLane {
		m += index
	}
	if n == 0 {
		m, s = slice*a.segments, 0
		if slice == 0 || lane == refLane {
			m += index
		}
	}
	if index == 0 || lane == refLane {
		m--
	}
	p := random & 0xFFFFFFFF
	p = (p * p) >> 32
	p = (p * uint64(m)) >> 32
	return refLane*a.lane + uint32((uint64(s)+uint64(m)-(p+1))%uint64(a.lane))
}
