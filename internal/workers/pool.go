// Package workers runs CPU-heavy jobs, such as password hashes and picture
// decoding, on low-priority threads, so cheap requests stay fast.
//
// A [Pool] has a fixed number of workers, by default one for each core. Each is an
// operating system thread with a lower priority than the rest of the process. Jobs
// wait in a queue that is fair between accounts and between addresses. When the
// queue is full, callers get [ErrBusy] at once.
//
// On systems other than Linux, threads have the same priority as all others.
package workers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// ErrBusy means that the queue is full, the wait was too long, or the pool is closed.
var ErrBusy = errors.New("workers: too many jobs are waiting")

// Limits are the settings of a [Pool].
type Limits struct {
	Workers int           // jobs that run at a time; 0 means one for each core
	Waiting int           // jobs that may wait, for each worker
	Wait    time.Duration // how long a job may wait
	Memory  int64         // total weight of running jobs; 0 means no limit
	// RaiseProcs raises GOMAXPROCS by the number of workers, from the first job
	// until Close. Without it, busy workers take threads from the rest of the
	// program, so requests get slower when all workers are busy. GOMAXPROCS belongs
	// to the whole program, and Go no longer adjusts it by itself once it has been
	// set. So only a program that is a Cardea server should turn this on.
	RaiseProcs bool
}

// Job describes a function to a pool.
type Job struct {
	// Flows say for whom the job runs, such as an account and an address. The
	// queue is fair between flows.
	Flows []Flow
	// Weight is the memory the job needs, in bytes, and at least 1. Its time is
	// assumed to be proportional. A job heavier than [Limits.Memory] runs alone.
	Weight int64
}

// Flow identifies an account or address, for example by a hash of its name.
type Flow [32]byte

// Pool runs a fixed number of jobs at a time. Its workers start with the first job
// and stop with [Pool.Close].
type Pool struct {
	limits Limits

	mu      sync.Mutex
	changed *sync.Cond // signals workers that a job may be ready
	queue   queue
	memory  int64 // weight of running jobs
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
	p := &Pool{limits: limits, load: Load{Slots: limits.Workers}}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// Do waits for a worker, runs f on it, and returns nil when f has returned. If it
// returns [ErrBusy], or the error of a ctx that ended first, f does not run. A ctx
// that ends later does not interrupt f. If f panics, Do panics with a [*Panic].
func (p *Pool) Do(ctx context.Context, job Job, f func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	job.Weight = max(1, job.Weight)
	w := &waiter{Job: job, ctx: ctx, f: f, since: time.Now(), done: make(chan struct{})}
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
	if out := p.queue.add(w, p.limits.Waiting*p.limits.Workers+idle); out != nil {
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
	if !p.queue.remove(w) {
		return
	}
	if errors.Is(err, ErrBusy) {
		p.load.Refused++
	}
	w.end(err)
	p.changed.Signal() // the next job may weigh less
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
		w := p.queue.first()
		if w == nil {
			return nil
		}
		if err := w.ctx.Err(); err != nil {
			p.queue.remove(w)
			w.end(err)
			continue
		}
		if p.memory > 0 && p.limits.Memory > 0 && p.memory+w.Weight > p.limits.Memory {
			return nil
		}
		p.queue.take(w)
		p.memory += w.Weight
		p.load.Running++
		p.load.Waited += time.Since(w.since)
		return w
	}
}

func (p *Pool) finish(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.memory -= w.Weight
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
	for w := p.queue.first(); w != nil; w = p.queue.first() {
		p.queue.remove(w)
		p.refuse(w)
	}
	p.changed.Broadcast()
	p.mu.Unlock()
	p.ended.Wait()
	if lower {
		raiseProcs(-p.limits.Workers)
	}
}

// Load tells how busy a pool is. Totals count from its start.
type Load struct {
	Slots     int           // workers
	Running   int           // jobs that run now
	Waiting   int           // jobs that wait now
	Done      int64         // total of jobs that have run
	Refused   int64         // total of jobs that got ErrBusy
	Displaced int64         // refused jobs that left a full queue for others
	Waited    time.Duration // total wait of the jobs that have run
}

// Load returns how busy the pool is now.
func (p *Pool) Load() Load {
	p.mu.Lock()
	defer p.mu.Unlock()
	load := p.load
	load.Waiting = len(p.queue.waiting)
	return load
}

// Panic is a panic of a job, with the stack of the worker.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%v\n%s", p.Value, p.Stack) }

// run runs the function of the job and records its panic.
func (w *waiter) run() {
	defer func() {
		if v := recover(); v != nil {
			w.panicked = &Panic{v, debug.Stack()}
		}
	}()
	w.f()
}
