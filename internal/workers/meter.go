package workers

import (
	"context"
	"sync/atomic"
	"time"
)

// Meter is a context that adds up the CPU time of the jobs that were done with it, or
// with a context derived from it.
type Meter struct {
	context.Context
	spent atomic.Int64 // nanoseconds
}

type meterKey struct{}

// Value implements [context.Context].
func (m *Meter) Value(key any) any {
	if _, ok := key.(meterKey); ok {
		return m
	}
	return m.Context.Value(key)
}

// measure begins to measure the calling worker for the meter of a context, if it has one.
// The returned function ends it.
func measure(ctx context.Context) (end func()) {
	m, ok := ctx.Value(meterKey{}).(*Meter)
	if !ok {
		return func() {}
	}
	began := ThreadTime()
	return func() { m.spent.Add(int64(ThreadTime() - began)) }
}

// Spent returns the CPU time of the jobs that have ended.
func (m *Meter) Spent() time.Duration { return time.Duration(m.spent.Load()) }
