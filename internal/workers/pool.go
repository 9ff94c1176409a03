// Package workers runs CPU-heavy jobs, such as password hashes and picture
// decoding, on low-priority threads, so cheap requests stay fast.
//
// A [Pool] has a fixed number of workers, by default one for each core. Each is an
// operating system thread with a lower priority than the rest of the process. Jobs
// wait in a queue that is fair between accounts and between networks. When the
// queue is full, callers get [ErrBusy] at once.
//
// On systems other than Linux, threads have the same priority as all others.
package workers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/fair"
)

// ErrBusy means that the queue is full, the wait was too long, or the pool is closed.
var ErrBusy = errors.New("workers: too many jobs are waiting")

// Limits are the settings of a [Pool].
type Limits struct {
	Workers int           // jobs that run at a time; 0 means one for each core
	Waiting int           // jobs that may wait, for each worker
	Wait    time.Duration // how long a job may wait
	Memory  int64         // total weight of running jobs; 0 means no limit
	Period  time.Duration // how long turns of lasting flows count, see [fair.Queue]
	// RaiseProcs raises GOMAXPROCS by the number of workers, from the first job
	// until Close. Without it, busy workers take threads from the rest of the
	// program, so requests get slower when all workers are busy. GOMAXPROCS belongs
	// to the whole program, and Go no longer adjusts it by itself once it has been
	// set. So only a program that is a Cardea server should turn this on.
	RaiseProcs bool
}

// Job describes a function to a pool.
type Job struct {
	// Flows say for whom the job runs, such as an account and its network. The
	// queue is fair between flows.
	Flows []fair.Flow
	// Weight is the memory the job needs, in bytes, and at least 1. A job heavier than
	// [Limits.Memory] runs alone.
	Weight int64
	// Time is how long the job takes, in the unit in which the other jobs of the pool take
	// as long as their weight. Zero means that this one does too.
	Time int64
	// Reserved jobs get half of the workers' time while other jobs wait too.
	Reserved bool
}

// Pool runs a fixed number of jobs at a time. Its workers start with the first job
// and stop with [Pool.Close].
type Pool struct {
	limits Limits

	mu      sync.Mutex
	changed *sync.Cond // signals workers that a job may be ready
	queue   fair.Queue
	waiters map[*fair.Ticket]*waiter // the waiting jobs
	memory  int64                    // weight of running jobs
	started bool
	closed  bool
	load    Load

	ended sync.WaitGroup // the workers
}

// NewPool returns a pool. The caller must close it.
func NewPool(limits Limits) *Pool {
	if limits.Workers <= 0 {
		limits.Workers = cores()
	}
	p := &Pool{limits: limits, waiters: map[*fair.Ticket]*waiter{}, load: Load{Slots: limits.Workers}}
	p.changed, p.queue.Period = sync.NewCond(&p.mu), limits.Period
	return p
}

// Do waits for a worker, runs f on it, and returns nil when f has returned. If it
// returns [ErrBusy], or the error of a ctx that ended first, f does not run. A ctx
// that ends later does not interrupt f. If f panics, Do panics with a [*Panic].
func (p *Pool) Do(ctx context.Context, job Job, f func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := newWaiter(ctx, job, f)
	p.admit(w)
	patience := time.NewTimer(p.limits.Wait)
	defer patience.Stop()
	select {
	case <-w.done:
	case <-patience.C:
		p.leave(w, ErrBusy)
	case <-ctx.Done():
		p.leave(w, ctx.Err())
	}
	<-w.done
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.err
}

// admit queues a job. If the queue is full, it refuses that job or another.
func (p *Pool) admit(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.refuse(w)
		return
	}
	if !p.started {
		p.started = true
		p.start()
	}
	idle := p.limits.Workers - p.load.Running
	p.waiters[&w.Ticket] = w
	if t := p.queue.Add(&w.Ticket, p.limits.Waiting*p.limits.Workers+idle); t != nil {
		out := p.waiters[t]
		delete(p.waiters, t)
		p.refuse(out)
		if out != w {
			p.load.Displaced++
		}
	}
	p.changed.Signal()
}

func (p *Pool) refuse(w *waiter) {
	p.load.Refused++
	w.end(ErrBusy)
}

// leave removes a job from the queue, unless a worker has taken it.
func (p *Pool) leave(w *waiter, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.remove(w) {
		return
	}
	if errors.Is(err, ErrBusy) {
		p.load.Refused++
	}
	w.end(err)
	p.changed.Signal() // the next job may weigh less
}

// first returns the job whose turn is next, or nil.
func (p *Pool) first() *waiter { return p.waiters[p.queue.First()] }

// remove removes a job from the queue and reports whether it was waiting.
func (p *Pool) remove(w *waiter) bool {
	delete(p.waiters, &w.Ticket)
	return p.queue.Remove(&w.Ticket)
}

func (p *Pool) start() {
	if p.limits.RaiseProcs {
		raiseProcs(p.limits.Workers)
	}
	for range p.limits.Workers {
		p.ended.Go(func() { inBackground(p.work) })
	}
}

// work is the loop of a worker.
func (p *Pool) work() {
	for w := p.next(); w != nil; w = p.next() {
		w.run()
		p.finish(w)
	}
}

// next waits for a job. It returns nil when the pool is closed.
func (p *Pool) next() *waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.closed {
		if w := p.take(); w != nil {
			return w
		}
		p.changed.Wait()
	}
	return nil
}

// take removes the first job from the queue, or returns nil if none can run now. If
// the first is too heavy at the moment, the others wait behind it. Otherwise light
// jobs could hold up a heavy one for ever.
func (p *Pool) take() *waiter {
	for {
		w := p.first()
		if w == nil {
			return nil
		}
		if err := w.ctx.Err(); err != nil {
			p.remove(w)
			w.end(err)
			continue
		}
		if p.memory > 0 && p.limits.Memory > 0 && p.memory+w.memory > p.limits.Memory {
			return nil
		}
		p.queue.Take(&w.Ticket)
		delete(p.waiters, &w.Ticket)
		p.memory += w.memory
		p.load.Running++
		p.load.Waited += time.Since(w.since)
		return w
	}
}

func (p *Pool) finish(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.memory -= w.memory
	p.load.Running--
	p.load.Done++
	p.changed.Broadcast() // there may be memory for several jobs
	w.end(nil)
}

// Close refuses the waiting jobs, waits for the running ones, and stops the workers.
func (p *Pool) Close() {
	p.mu.Lock()
	lower := p.limits.RaiseProcs && p.started && !p.closed
	p.closed = true
	for w := p.first(); w != nil; w = p.first() {
		p.remove(w)
		p.refuse(w)
	}
	p.changed.Broadcast()
	p.mu.Unlock()
	p.ended.Wait()
	if lower {
		raiseProcs(-p.limits.Workers)
	}
}

// Panic is a panic of a job, with the stack of the worker.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%v\n%s", p.Value, p.Stack) }

// waiter is a job that waits, runs or has ended.
type waiter struct {
	fair.Ticket
	memory int64
	ctx    context.Context
	f      func()
	since  time.Time

	done     chan struct{} // closed at the end; the fields below are valid then
	err      error         // why the job did not run
	panicked *Panic
}

func newWaiter(ctx context.Context, job Job, f func()) *waiter {
	memory := max(1, job.Weight)
	ticket := fair.Ticket{Flows: job.Flows, Weight: cmp.Or(job.Time, memory), Reserved: job.Reserved}
	return &waiter{Ticket: ticket, memory: memory, ctx: ctx, f: f, since: time.Now(), done: make(chan struct{})}
}

func (w *waiter) end(err error) {
	w.err = err
	close(w.done)
}

// run runs the function of the job, and records its CPU time and its panic.
func (w *waiter) run() {
	defer measure(w.ctx)()
	defer func() {
		if v := recover(); v != nil {
			w.panicked = &Panic{v, debug.Stack()}
		}
	}()
	w.f()
}
