package workers

import (
	"context"
	"slices"
	"time"
)

// waiter is a job that waits for its turn, runs or has ended.
type waiter struct {
	Job
	ctx   context.Context
	f     func()
	since time.Time
	turn  int64 // see queue

	done     chan struct{} // closed at the end; then:
	err      error         // why it was not run
	panicked *Panic        // with what it panicked
}

func (w *waiter) end(err error) {
	w.err = err
	close(w.done)
}

// queue is what waits, fair between the flows: start-time fair queuing (Goyal, Vin
// and Cheng, 1996), told from those who wait alone, so that it remembers nobody
// who is gone.
//
// A job's turn is the present one, plus the weight of what waits already for the
// same account or for the same address, whichever is more; the lowest turn is
// next, and among equals who came first. So somebody with a hundred jobs waiting
// comes behind everybody with one; and when nobody else is there, they run as they
// came.
//
// Each call looks at all that wait, which takes microseconds, where a job takes
// tens of milliseconds.
type queue struct {
	waiting []*waiter // in the order in which they came
	now     int64     // the turn of what was taken last
}

// add puts w into a queue of at most size, and returns who has to leave for it: the
// one with the highest turn, which may be w; nil: nobody. So one who fills the queue
// shuts nobody else out.
func (q *queue) add(w *waiter, size int) (out *waiter) {
	w.turn = q.now + q.ahead(w.Flows)
	q.waiting = append(q.waiting, w)
	if len(q.waiting) <= size {
		return nil
	}
	for _, other := range q.waiting {
		if out == nil || other.turn >= out.turn {
			out = other
		}
	}
	q.remove(out)
	return out
}

// ahead is the most that waits for one of the flows.
func (q *queue) ahead(flows []Flow) (most int64) {
	for _, f := range flows {
		var weight int64
		for _, w := range q.waiting {
			if slices.Contains(w.Flows, f) {
				weight += w.Weight
			}
		}
		most = max(most, weight)
	}
	return most
}

// first is whose turn is next; nil: nobody waits.
func (q *queue) first() (first *waiter) {
	for _, w := range q.waiting {
		if first == nil || w.turn < first.turn {
			first = w
		}
	}
	return first
}

// take gives w its turn.
func (q *queue) take(w *waiter) {
	q.remove(w)
	q.now = max(q.now, w.turn)
}

// remove takes w out, if it waits.
func (q *queue) remove(w *waiter) bool {
	i := slices.Index(q.waiting, w)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}
