package house

import (
	"sync"
	"time"
)

// Clock moves only when told.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Start is what a clock shows at first: the moment of the source document's example.
var Start = time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)

// NewClock returns a clock that shows [Start].
func NewClock() *Clock { return &Clock{now: Start} }

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance turns the clock forward, or back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set makes the clock show a time.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}
