package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// patient repeats reads that failed because a connection broke, as long as a writer would wait. A
// read changes nothing, so it can be repeated at any time.
type patient struct {
	querier
	engine   Engine
	longest  time.Duration // a read may take until its first row; 0: any time
	repeated atomic.Int64  // how many reads were repeated, each counted once
}

// errNoAnswer: a read took longer than it may. All connections may be waiting for an answer.
var errNoAnswer = fmt.Errorf("%w: too many readers are waiting, or the database does not answer", ErrUnavailable)

func (p *patient) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = p.repeat(ctx, func(ctx context.Context) error {
		rows, err = p.querier.QueryContext(ctx, query, args...) //nolint:rowserrcheck,sqlclosecheck // the caller's
		return err
	})
	return rows, err
}

func (p *patient) QueryRowContext(ctx context.Context, query string, args ...any) (row *sql.Row) {
	err := p.repeat(ctx, func(ctx context.Context) error {
		row = p.querier.QueryRowContext(ctx, query, args...)
		return row.Err()
	})
	if errors.Is(err, errNoAnswer) {
		return p.querier.QueryRowContext(failed{ctx, err}, query, args...)
	}
	return row // with its error
}

func (p *patient) repeat(ctx context.Context, read func(context.Context) error) error {
	defer measureWait(ctx)()
	ctx, end := p.bound(ctx)
	defer end()
	err := read(ctx)
	if err != nil && p.engine.IsRetryable(err) {
		waiting, cancel := context.WithTimeout(ctx, writerPatience)
		defer cancel()
		p.repeated.Add(1)
		for pause := leastPause; err != nil && p.engine.IsRetryable(err) && waiting.Err() == nil; pause = min(2*pause, mostPause) {
			wait(waiting, pause)
			err = read(ctx)
		}
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// bound returns a context that ends when a read takes longer than it may. Once end is called,
// which must be before that, the context does not end any more: the rows are still to be read.
func (p *patient) bound(ctx context.Context) (_ context.Context, end func()) {
	if p.longest == 0 {
		return ctx, func() {}
	}
	bounded, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	timer := time.AfterFunc(min(p.longest, Left(ctx)), func() { cancel(errNoAnswer) })
	return bounded, func() { stop(); timer.Stop() }
}

// failed is a context with which a query fails with an error.
type failed struct {
	context.Context
	err error
}

// Done implements [context.Context].
func (failed) Done() <-chan struct{} { return done }

// Err implements [context.Context].
func (f failed) Err() error { return f.err }

var done = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// The pauses before another attempt: short at first, because most conflicts are over at once.
const (
	leastPause = time.Millisecond
	mostPause  = 100 * time.Millisecond
)

// wait waits for a random part of a pause, so that those who were in each other's way are not
// again, or until ctx is done.
func wait(ctx context.Context, pause time.Duration) {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	timer := time.NewTimer(pause * time.Duration(binary.BigEndian.Uint32(random[:])) >> 32)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
