// Package workers bounds what is costly: password hashes and picture decoding, each
// of which holds a core for tens of milliseconds and megabytes of memory. A few
// run at a time, some wait their turn, and past that callers are told at once
// that the server is busy, which is better for everybody than a queue that grows.
package workers

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrBusy: too many wait already, or the wait was too long.
var ErrBusy = errors.New("workers: too much to do at the moment")

// Pool runs functions, a fixed number at a time, in the order in which they came.
type Pool struct {
	slots      chan struct{}
	waiting    atomic.Int64
	refused    atomic.Int64
	maxWaiting int64
	maxWait    time.Duration
}

// NewPool returns a pool that runs atOnce functions at a time (at least one),
// while at most maxWaiting wait, none of them longer than maxWait.
func NewPool(atOnce, maxWaiting int, maxWait time.Duration) *Pool {
	return &Pool{
		slots:      make(chan struct{}, max(1, atOnce)),
		maxWaiting: int64(maxWaiting),
		maxWait:    maxWait,
	}
}

// Do runs f when its turn comes and returns nil when f has returned. It returns
// [ErrBusy], or the context's error when ctx ends before f has begun; f is then
// never run. A panic of f is the caller's.
func (p *Pool) Do(ctx context.Context, f func()) error {
	if err := p.acquire(ctx); err != nil {
		if errors.Is(err, ErrBusy) {
			p.refused.Add(1)
		}
		return err
	}
	defer func() { <-p.slots }()
	if err := ctx.Err(); err != nil {
		return err
	}
	f()
	return nil
}

func (p *Pool) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > p.maxWaiting {
		return ErrBusy
	}
	patience := time.NewTimer(p.maxWait)
	defer patience.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-patience.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Load is how busy a pool is.
type Load struct {
	Slots   int   // how many functions run at a time
	Running int   // how many do
	Waiting int   // how many wait
	Refused int64 // how many got ErrBusy since the start
}

// Load returns how busy the pool is at this moment.
func (p *Pool) Load() Load {
	return Load{Slots: cap(p.slots), Running: len(p.slots), Waiting: int(p.waiting.Load()), Refused: p.refused.Load()}
}
