package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"sync/atomic"
	"time"
)

// patient repeats reads that failed because a connection broke, as long as a writer would wait. A
// read changes nothing, so it can be repeated at any time.
type patient struct {
	querier
	engine   Engine
	repeated atomic.Int64 // how often a read ran again
}

func (p *patient) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = p.repeat(ctx, func() error {
		rows, err = p.querier.QueryContext(ctx, query, args...) //nolint:rowserrcheck,sqlclosecheck // the caller's
		return err
	})
	return rows, err
}

func (p *patient) QueryRowContext(ctx context.Context, query string, args ...any) (row *sql.Row) {
	_ = p.repeat(ctx, func() error {
		row = p.querier.QueryRowContext(ctx, query, args...)
		return row.Err()
	})
	return row // with its error
}

func (p *patient) repeat(ctx context.Context, read func() error) error {
	err := read()
	if err == nil || !p.engine.IsRetryable(err) {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, writerPatience)
	defer cancel()
	for pause := leastPause; err != nil && p.engine.IsRetryable(err) && waiting.Err() == nil; pause = min(2*pause, mostPause) {
		wait(waiting, pause)
		p.repeated.Add(1)
		err = read()
	}
	return err
}

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
