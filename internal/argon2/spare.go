package argon2

import (
	"sync"
	"weak"
)

// spare is the memory of finished derivations. Weak pointers let the garbage
// collector take it, so an idle server keeps none. A sync.Pool would keep some
// memory for each thread.
var spare spareBlocks

type spareBlocks struct {
	mu     sync.Mutex
	spares []weak.Pointer[[]block]
}

// take returns at least n blocks. What they hold is undefined.
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
