package guard

import (
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/workers"
)

// maxRecent bounds the memory of [recently]. When it is reached, it starts empty again.
const maxRecent = 10_000

// recently remembers for a minute which counters it has seen. Refused attempts cost next
// to nothing, so without it a flood of them would become a flood of events.
type recently struct {
	mu   sync.Mutex
	seen map[workers.Flow]time.Time
}

// first reports whether the name was not seen during the last minute.
func (r *recently) first(name workers.Flow, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.seen[name]; ok && now.Sub(at) < time.Minute && now.After(at.Add(-time.Minute)) {
		return false
	}
	if r.seen == nil || len(r.seen) >= maxRecent {
		r.seen = map[workers.Flow]time.Time{}
	}
	r.seen[name] = now
	return true
}
