// Package fair orders what waits, so nobody who sends much makes others wait long.
//
// A [Queue] holds tickets and a [Gate] lets callers through one at a time. Both are fair
// between flows, such as accounts and networks.
package fair

import (
	"slices"
	"time"
)

// Flow identifies an account or a network. Share is how many tickets of the flow count
// as one: a network of many clients has a larger share than a single client. It must be
// 1, 2 or 4; zero means 1.
type Flow struct {
	Name    [32]byte // for example a hash of the account
	Share   int
	Lasting bool // its turns count for a while; see [Queue]
}

// shares is a common multiple of all shares.
const shares = 4

// cost is what a weight counts in the flow.
func (f Flow) cost(weight int64) int64 { return weight * shares / int64(max(1, f.Share)) }

// Ticket says for whom something waits.
type Ticket struct {
	Flows []Flow
	// Weight is how long the work will take, in any unit, and at least 1.
	Weight int64
	// Reserved tickets get up to half of the turns while others wait too; see [Queue].
	Reserved bool

	turn, past int64 // see Queue
}

// place is where a ticket waits in its line.
func (t *Ticket) place() int64 { return t.turn + t.past }

// Queue holds the tickets that wait. It is a form of start-time fair queuing (Goyal, Vin
// and Cheng, 1996) that remembers only flows with a waiting ticket, and lasting ones.
//
// Each ticket gets a turn, and the lowest turn is next; among equals, the oldest ticket.
// A new ticket's turn is the present turn plus what already waits in one of its flows,
// whichever is most. So a client with a hundred tickets waits behind every client with
// one, and the tickets of a lone client stay in order.
//
// Reserved tickets have a line of their own, with its own turns. While both lines have
// tickets, one flow in the reserved line gets a fifth of the turns by weight, two get a
// third, and four or more get half. So a reserved flow hardly delays the others, however
// many tickets it has, and many flows cannot shut out the reserved ones.
//
// The turns of lasting flows count against them for a while: who came often waits behind
// who did not, and is the first to leave a full queue. So a client with many flows holds up
// others only until each of its flows has had as many turns as theirs.
//
// The zero Queue is empty. Its methods look at all waiting tickets at most once.
type Queue struct {
	// Period is for how long, at least, the turns of lasting flows count. They may count
	// for twice as long. Zero means that they do not count.
	Period time.Duration

	lines [2]line
	// ahead is how much more the reserved line was given than its part, since both lines
	// have had tickets. Its sign says whose turn it is.
	ahead int64
}

// reservedFlows is how many flows in the reserved line get half of the turns.
const reservedFlows = 4

// line is one half of a queue.
type line struct {
	waiting []*Ticket // oldest first
	now     int64     // the present turn: the highest taken so far
	flows   map[Flow]int64
	past    history // of the lasting flows
}

func (q *Queue) line(t *Ticket) *line {
	if t.Reserved {
		return &q.lines[1]
	}
	return &q.lines[0]
}

// Len returns how many tickets wait.
func (q *Queue) Len() int { return len(q.lines[0].waiting) + len(q.lines[1].waiting) }

// Add adds a ticket. If more than size tickets wait then, it removes and returns the one
// with the highest turn in the longer line, which may be t. So a client that fills the
// queue does not shut out others.
func (q *Queue) Add(t *Ticket, size int) (out *Ticket) {
	t.Weight = max(1, t.Weight)
	l := q.line(t)
	l.past.forget(q.Period)
	l.add(t)
	if q.Len() <= size {
		return nil
	}
	longer := &q.lines[0]
	if len(q.lines[1].waiting) > len(longer.waiting) {
		longer = &q.lines[1]
	}
	out = longer.last()
	q.Remove(out)
	return out
}

// First returns the ticket whose turn is next, or nil.
func (q *Queue) First() *Ticket {
	first, reserved := q.lines[0].first(), q.lines[1].first()
	if first == nil || reserved != nil && q.ahead <= 0 {
		return reserved
	}
	return first
}

// Take removes a ticket that gets its turn.
func (q *Queue) Take(t *Ticket) {
	if len(q.lines[0].waiting) == 0 || len(q.lines[1].waiting) == 0 {
		q.ahead = 0
	} else if t.Reserved {
		q.ahead += t.Weight * reservedFlows / q.lines[1].due()
	} else {
		q.ahead -= t.Weight
	}
	q.Remove(t)
	l := q.line(t)
	l.now = max(l.now, t.turn)
	if q.Period > 0 {
		l.past.add(t)
	}
}

// Remove removes a ticket and reports whether it was waiting.
func (q *Queue) Remove(t *Ticket) bool { return q.line(t).remove(t) }

func (l *line) add(t *Ticket) {
	if l.flows == nil {
		l.flows = map[Flow]int64{}
	}
	t.turn, t.past = l.now, 0
	for _, f := range t.Flows {
		t.turn = max(t.turn, l.now+l.flows[f])
		t.past = max(t.past, l.past.of(f))
	}
	for _, f := range t.Flows {
		l.flows[f] += f.cost(t.Weight)
	}
	l.waiting = append(l.waiting, t)
}

// due counts the tickets, from 1 to reservedFlows, that do not wait for others of their flows.
func (l *line) due() (n int64) {
	for _, t := range l.waiting {
		if t.turn <= l.now {
			n++
		}
	}
	return min(max(1, n), reservedFlows)
}

func (l *line) first() (first *Ticket) {
	for _, t := range l.waiting {
		if first == nil || t.place() < first.place() {
			first = t
		}
	}
	return first
}

func (l *line) last() (last *Ticket) {
	for _, t := range l.waiting {
		if last == nil || t.place() >= last.place() {
			last = t
		}
	}
	return last
}

func (l *line) remove(t *Ticket) bool {
	i := slices.Index(l.waiting, t)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	for _, f := range t.Flows {
		if l.flows[f] -= f.cost(t.Weight); l.flows[f] <= 0 {
			delete(l.flows, f)
		}
	}
	return true
}
