package account

import (
	"maps"
	"sync"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Stats are figures about a running service.
type Stats struct {
	Hashing  workers.Load
	Decoding workers.Load
	Events   map[Event]int64 // since the start
	Database store.Stats
}

// Stats returns the figures of this moment.
func (s *Service) Stats() Stats {
	return Stats{
		Hashing: s.hashing.Load(), Decoding: s.decoding.Load(),
		Events: s.events.all(), Database: s.db.Stats(),
	}
}

// eventCounts counts events.
type eventCounts struct {
	mu     sync.Mutex
	counts map[Event]int64
}

func (c *eventCounts) add(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[Event]int64)
	}
	c.counts[e]++
}

func (c *eventCounts) all() map[Event]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}
