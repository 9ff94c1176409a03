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
//
// It also remembers refusals for a moment, so a flood of refused attempts costs little.
type pending struct {
	mu      sync.Mutex
	of      map[counterName]map[string]time.Time // by the id of the attempt
	refused map[counterName]refusal
}

// refusal says until when a counter refuses.
type refusal struct{ at, until time.Time }

const (
	// refusalKept is how long a refusal is remembered at most. An operator may clear the
	// counter meanwhile, in another process.
	refusalKept = time.Second
	maxRefusals = 10_000
)

// add adds an attempt to its counters, and returns the attempts at each that came before
// it. If one of the counters refuses it, it adds nothing, and returns that one and how
// long to wait.
func (p *pending) add(a *Attempt) (before []map[string]time.Time, reached counterName, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := a.counters.signIns; len(c) > 0 {
		if wait := p.waitRefused(c[0], a.at); wait > 0 {
			return nil, c[0].name, wait
		}
	}
	for _, c := range a.counters.each {
		if wait := p.wait(c, a.at); wait > 0 {
			return nil, c.name, wait
		}
	}
	for _, c := range a.counters.each {
		before = append(before, p.some(c))
		p.put(a, c)
	}
	return before, reached, 0
}

// addAdmitted adds an attempt to the counter of its account from everywhere. Before it was
// admitted, it must not narrow the limits of other networks.
func (p *pending) addAdmitted(a *Attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.counters.all != nil {
		p.put(a, *a.counters.all)
	}
}

func (p *pending) put(a *Attempt, c counter) {
	if p.of == nil {
		p.of = map[counterName]map[string]time.Time{}
	}
	if p.of[c.name] == nil {
		p.of[c.name] = map[string]time.Time{}
	}
	p.of[c.name][a.id] = a.at
}

// wait returns how long an attempt at a counter has to wait, as far as is known without
// the database.
func (p *pending) wait(c counter, now time.Time) time.Duration {
	if wait := p.waitRefused(c, now); wait > 0 {
		return wait
	}
	if len(p.of[c.name]) >= c.limit.Count {
		return firstWait // those that are pending may yet succeed
	}
	return 0
}

// waitRefused is wait for a refusal that is remembered.
func (p *pending) waitRefused(c counter, now time.Time) time.Duration {
	r, ok := p.refused[c.name]
	if age := now.Sub(r.at); !ok || age < 0 || age >= refusalKept {
		return 0
	}
	return max(0, r.until.Sub(now))
}

// refuse remembers that a counter refuses, if there is a wait.
func (p *pending) refuse(name counterName, now time.Time, wait time.Duration) {
	if wait <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused == nil || len(p.refused) >= maxRefusals {
		p.refused = map[counterName]refusal{}
	}
	p.refused[name] = refusal{now, now.Add(wait)}
}

// at returns the attempts at a counter.
func (p *pending) at(c counter) map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.some(c)
}

// some copies the attempts at a counter, but no more than make a difference.
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
