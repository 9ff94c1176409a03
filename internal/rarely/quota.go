package rarely

import (
	"sync"
	"time"
)

// Quota lets a few reports of each key through in a period, and a number of all keys
// together. Its memory is bounded by that number. Its methods may be called from any
// goroutine.
type Quota[K comparable] struct {
	period    time.Duration
	each, all int

	mu      sync.Mutex
	started time.Time // of the period
	passed  map[K]int // in the period
	total   int       // of passed
	more    int64
}

// NewQuota returns a quota of each reports of a key, and all reports in total, in a period.
func NewQuota[K comparable](period time.Duration, each, all int) *Quota[K] {
	return &Quota[K]{period: period, each: each, all: all, passed: map[K]int{}}
}

// Pass lets a report through, or returns false. more is how many were left out since the
// last one that passed. If the clock was set back, a new period begins.
func (q *Quota[K]) Pass(key K, now time.Time) (more int64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if since := now.Sub(q.started); since < 0 || since >= q.period {
		q.started, q.total = now, 0
		clear(q.passed)
	}
	if q.total >= q.all || q.passed[key] >= q.each {
		q.more++
		return 0, false
	}
	q.total++
	q.passed[key]++
	more, q.more = q.more, 0
	return more, true
}
