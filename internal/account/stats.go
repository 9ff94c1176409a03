package account

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Stats are figures about a running service.
type Stats struct {
	Hashing  workers.Load
	Decoding workers.Load
	Drawing  workers.Load    // of faces
	Events   map[Event]int64 // since the start
	Database store.Stats
	Cache    CacheStats

	SweepFailures int64         // since the start
	Counts        *store.Counts // of the last minute; nil: the database could not be asked
}

// Stats returns the figures of this moment.
func (s *Service) Stats(ctx context.Context) Stats {
	return Stats{
		Hashing: s.hashing.Load(), Decoding: s.decoding.Load(), Drawing: s.drawing.Load(),
		Events: s.events.all(), Database: s.db.Stats(ctx), Cache: s.sessions.stats(),
		SweepFailures: s.sweepFailures.Load(), Counts: s.counted.get(ctx, s.opt.Now(), s.db.Counts),
	}
}

// Counting reads whole indexes: 0.05 s for a million people, sessions and pictures.
// Whoever asks more often, or from several sides, is told what was counted before.
const (
	countInterval = time.Minute
	longestCount  = 5 * time.Second
)

// counts is how much there was the last time.
type counts struct {
	mu    sync.Mutex
	at    time.Time
	known *store.Counts
}

func (c *counts) get(ctx context.Context, now time.Time, count func(context.Context) (store.Counts, error)) *store.Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := now.Sub(c.at); age >= 0 && age < countInterval {
		return c.known
	}
	ctx, cancel := context.WithTimeout(ctx, longestCount)
	defer cancel()
	c.at, c.known = now, nil
	if n, err := count(ctx); err == nil {
		c.known = &n
	}
	return c.known
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
