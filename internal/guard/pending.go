package guard

import (
	"maps"
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

// add adds an attempt and returns, for each counter, the attempts that came before it.
func (p *pending) add(a *Attempt) []map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[counterName]map[string]time.Time{}
	}
	list := a.counters.list()
	before := make([]map[string]time.Time, len(list))
	for i, c := range list {
		before[i] = maps.Clone(p.of[c.name])
		if p.of[c.name] == nil {
			p.of[c.name] = map[string]time.Time{}
		}
		p.of[c.name][a.id] = a.at
	}
	return before
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
