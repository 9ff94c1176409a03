package guard

import (
	"slices"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// pending holds the attempts whose passwords are being verified. They count like those
// that failed. So a hundred attempts at once get no further than a hundred in a row, and
// an attempt that does not get its turn costs no write. There are never more of them than
// requests.
type pending struct {
	mu sync.Mutex
	of map[counterName]map[string]time.Time // by the id of the attempt
}

// add adds an attempt to counters, and returns the attempts at each that came before it.
func (p *pending) add(a *Attempt, to []counter) []map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[counterName]map[string]time.Time{}
	}
	before := make([]map[string]time.Time, len(to))
	for i, c := range to {
		before[i] = p.some(c)
		if p.of[c.name] == nil {
			p.of[c.name] = map[string]time.Time{}
		}
		p.of[c.name][a.id] = a.at
	}
	return before
}

// at returns the attempts at a counter.
func (p *pending) at(c counter) map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.some(c)
}

// some copies the attempts at a counter, but no more than make a difference. Otherwise a
// thousand attempts at once would cost a thousand times as much as one.
func (p *pending) some(c counter) map[string]time.Time {
	some := map[string]time.Time{}
	for id, at := range p.of[c.name] {
		if len(some) == c.limit.most() {
			break
		}
		some[id] = at
	}
	return some
}

func (p *pending) remove(a *Attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range a.counters.list() {
		if delete(p.of[c.name], a.id); len(p.of[c.name]) == 0 {
			delete(p.of, c.name)
		}
	}
}

// times returns when the attempts at a counter were made, newest first: the stored ones
// and those that are pending. An attempt may be both for a moment, and counts once. Times
// in the future count as now.
func times(rows []store.Attempt, pending map[string]time.Time, now time.Time) []time.Time {
	all := make([]time.Time, 0, len(rows)+len(pending))
	for _, row := range rows {
		delete(pending, row.ID)
		all = append(all, earlier(row.At, now))
	}
	for _, at := range pending {
		all = append(all, earlier(at, now))
	}
	slices.SortFunc(all, func(a, b time.Time) int { return b.Compare(a) })
	return all
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
