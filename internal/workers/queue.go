package workers

import (
	"context"
	"slices"
	"time"
)

// waiter is a job that waits, runs or has ended.
type waiter struct {
	Job
	ctx   context.Context
	f     func()
	since time.Time
	turn  int64 // see queue

	done     chan struct{} // closed at the end; the fields below are valid then
	err      error         // why the job did not run
	panicked *Panic
}

func (w *waiter) end(err error) {
	w.err = err
	close(w.done)
}

// queue holds the waiting jobs and is fair between flows. It is a form of start-time
// fair queuing (Goyal, Vin and Cheng, 1996) that remembers nothing about flows
// without a waiting job.
//
// Each job gets a turn, and the lowest turn is next; among equals, the oldest job.
// A new job's turn is the present turn plus the weight of the jobs that already
// wait for the same account or the same address, whichever is more. So a client
// with a hundred jobs waits behind every client with one, and a lone client's jobs
// run in order.
//
// Every method looks at all waiting jobs. This takes microseconds, a job takes tens
// of milliseconds.
type queue struct {
	waiting []*waiter // oldest first
	now     int64     // the present turn: the highest taken so far
}

// add appends w. If more than size jobs wait then, it removes and returns the one
// with the highest turn, which may be w. So a client that fills the queue does not
// shut out others.
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

// ahead returns the weight that waits for one of the flows, whichever is more.
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

// first returns the job whose turn is next, or nil.
func (q *queue) first() (first *waiter) {
	for _, w := range q.waiting {
		if first == nil || w.turn < first.turn {
			first = w
		}
	}
	return first
}

// take removes w, which runs next.
func (q *queue) take(w *waiter) {
	q.remove(w)
	q.now = max(q.now, w.turn)
}

// remove removes w and reports whether it was waiting.
func (q *queue) remove(w *waiter) bool {
	i := slices.Index(q.waiting, w)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}
