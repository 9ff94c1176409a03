// Package workers does what is costly, password hashes and picture decoding, in
// the background of everything else. Each of these holds a core for tens of
// milliseconds, and a flood of them must not slow the cheap requests beside it.
//
// A [Pool] has as many workers as there are cores. Each is an operating system's
// thread of its own with a low priority (nice_linux.go), so that the kernel gives
// the cores to requests first, and Go is allowed as many threads more (procs.go). What waits for a worker waits in a fair queue
// (queue.go); past its end callers are told at once that the server is busy, which
// is better for everybody than a queue that grows. Where threads have no
// priorities, what remains is a bounded pool.
package workers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// ErrBusy: too much waits already, the wait was too long, or the pool is closed.
var ErrBusy = errors.New("workers: too much to do at the moment")

// Limits of a [Pool].
type Limits struct {
	Workers int           // how many functions run at a time; 0: as many as cores
	Waiting int           // how many may wait for each worker
	Wait    time.Duration // how long one may wait
	Memory  int64         // what those that run may weigh together; 0: anything
}

// Job is what a pool has to know of a function.
type Job struct {
	// Flows are whom it is done for: an account, an address. The queue is fair
	// between those of each.
	Flows []Flow
	// Weight is the memory that it takes, in bytes; its time is taken to be in
	// proportion. At least 1; what weighs more than [Limits.Memory] runs alone.
	Weight int64
}

// Flow names somebody for whom work is done: 32 bytes such as a hash, however long
// the name.
type Flow [32]byte

// Pool runs functions, a fixed number at a time. It starts its workers with the
// first; they, and the share of GOMAXPROCS that they bring, stay until [Pool.Close].
type Pool struct {
	limits Limits

	mu      sync.Mutex
	changed *sync.Cond // there may be something for a worker to do
	queue   queue
	memory  int64 // weight of what runs
	started bool
	closed  bool
	load    Load

	ended sync.WaitGroup // the workers
}

// NewPool returns a pool; it is to be closed.
func NewPool(limits Limits) *Pool {
	if limits.Workers <= 0 {
		limits.Workers = cores()
	}
	p := &Pool{limits: limits, load: Load{Slots: limits.Workers}}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// Do runs f when its turn comes and returns nil when f has returned. It returns
// [ErrBusy], or the context's error when ctx ends before f has begun; f is then
// never run. A panic of f is the caller's, as a [*Panic].
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
	<-w.done // what has begun is not interrupted
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.err
}

// admit puts a job into the queue, and whom the queue has no place for out.
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

// leave ends the wait of a job that no worker has taken yet.
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
	p.changed.Signal() // the one behind it may weigh less
}

func (p *Pool) start() {
	raiseProcs(p.limits.Workers)
	for range p.limits.Workers {
		p.ended.Go(func() { inBackground(p.work) })
	}
}

// work is what a worker does.
func (p *Pool) work() {
	for w := p.next(); w != nil; w = p.next() {
		w.run()
		p.finish(w)
	}
}

// next waits for something to do; nil: the pool is closed.
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

// take takes the first of the queue. One that is too heavy at the moment keeps all
// behind it waiting: so it gets its turn as soon as enough of the few that run
// have ended.
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
	p.changed.Broadcast() // there may be room for several
	w.end(nil)
}

// Close turns away what waits, waits for what runs, and ends the workers.
func (p *Pool) Close() {
	p.mu.Lock()
	lower := p.started && !p.closed
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

// Load is how busy a pool is.
type Load struct {
	Slots     int           // how many functions run at a time
	Running   int           // how many do
	Waiting   int           // how many wait
	Done      int64         // how many have run since the start
	Refused   int64         // how many got ErrBusy since the start
	Displaced int64         // how many of these had to make room in the queue for others
	Waited    time.Duration // how long those that ran had waited, all together
}

// Load returns how busy the pool is at this moment.
func (p *Pool) Load() Load {
	p.mu.Lock()
	defer p.mu.Unlock()
	load := p.load
	load.Waiting = len(p.queue.waiting)
	return load
}

// Panic is a panic of a function that a worker ran, with the stack of where that was.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%v\n%s", p.Value, p.Stack) }

// run runs the function of a job.
func (w *waiter) run() {
	defer func() {
		if v := recover(); v != nil {
			w.panicked = &Panic{v, debug.Stack()}
		}
	}()
	w.f()
}
