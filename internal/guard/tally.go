package guard

import (
	"sync"
	"time"
)

// tally counts in memory what costs something but is no wrong password. A restart forgets
// it. Each name has a fixed window, which begins with its first count.
type tally struct {
	window time.Duration

	mu     sync.Mutex
	counts map[counterName]count
}

type count struct {
	n     int
	since time.Time
}

// maxTally bounds the memory of a tally, in names: a few megabytes. When it is full, it
// forgets the windows that have passed; if there are none, it begins anew. That gives
// everybody their limits once more, and nobody less.
const maxTally = 50_000

// add counts once for each name, unless one has reached its limit. Then it returns how
// long to wait, and counts nothing.
func (t *tally) add(list []counter, now time.Time) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range list {
		if known, ok := t.current(c.name, now); ok && known.n >= c.limit.Count {
			return known.since.Add(t.window).Sub(now)
		}
	}
	for _, c := range list {
		t.increase(c.name, now)
	}
	return 0
}

// count counts once and returns the count.
func (t *tally) count(name counterName, now time.Time) count {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.increase(name, now)
}

func (t *tally) increase(name counterName, now time.Time) count {
	known, ok := t.current(name, now)
	if !ok {
		if len(t.counts) >= maxTally {
			t.makeRoom(now)
		}
		known = count{since: now}
	}
	known.n++
	t.counts[name] = known
	return known
}

// current returns a count whose window has not passed. A window that begins in the
// future, because the clock was set back, has passed.
func (t *tally) current(name counterName, now time.Time) (count, bool) {
	known, ok := t.counts[name]
	return known, ok && t.isCurrent(known, now)
}

func (t *tally) isCurrent(c count, now time.Time) bool {
	age := now.Sub(c.since)
	return age >= 0 && age < t.window
}

func (t *tally) makeRoom(now time.Time) {
	for name, c := range t.counts {
		if !t.isCurrent(c, now) {
			delete(t.counts, name)
		}
	}
	if len(t.counts) >= maxTally {
		clear(t.counts)
	}
}

func newTally(window time.Duration) *tally {
	return &tally{window: window, counts: map[counterName]count{}}
}
