// Package rarely limits how often something is reported, so a client that causes it again
// and again cannot flood the log.
package rarely

import (
	"sync"
	"time"
)

// Gate lets one report through per key and period. It forgets all keys when it is full
// and a period has passed. Until then further keys are not reported, so its memory is
// bounded and a report costs the same under attack. Its methods may be called from any
// goroutine.
type Gate[K comparable] struct {
	every time.Duration
	max   int

	mu      sync.Mutex
	last    map[K]time.Time
	started time.Time // when last was empty
}

// NewGate returns a gate that lets a key through once in a period and remembers at most
// max keys.
func NewGate[K comparable](every time.Duration, max int) *Gate[K] {
	return &Gate[K]{every: every, max: max, last: map[K]time.Time{}}
}

// Pass lets a key through unless it was let through within the last period. If the clock
// was set back since, the key passes.
func (g *Gate[K]) Pass(key K, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at, known := g.last[key]
	if known && g.isRecent(at, now) {
		return false
	}
	if !known && len(g.last) >= g.max {
		if g.isRecent(g.started, now) {
			return false
		}
		clear(g.last)
	}
	if len(g.last) == 0 {
		g.started = now
	}
	g.last[key] = now
	return true
}

func (g *Gate[K]) isRecent(at, now time.Time) bool {
	since := now.Sub(at)
	return since >= 0 && since < g.every
}
