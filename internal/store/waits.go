package store

import (
	"context"
	"sync"
	"time"
)

// RequestPatience is how long one request waits for the database in total, however many statements it
// runs. It is enough for a transaction to repeat its wait for a lock. It leaves two of the ten seconds
// within which a server must begin its answer.
const RequestPatience = 8 * time.Second

// leastWait is the time that every statement gets, so a transaction that has begun can be committed.
const leastWait = time.Second

// Waits is the context of a request. It measures the time that the request spends waiting for the
// database.
type Waits struct {
	context.Context

	mu      sync.Mutex
	spent   time.Duration // of waits that have ended
	since   time.Time     // when the current wait began
	running int           // how many waits there are now
}

type waitsKey struct{}

// Value implements [context.Context].
func (w *Waits) Value(key any) any {
	if _, ok := key.(waitsKey); ok {
		return w
	}
	return w.Context.Value(key)
}

// Left returns how long a statement may wait for the database. In the context of a request, that is
// the rest of [RequestPatience], but at least a second. In other contexts, each statement has all of
// it.
func Left(ctx context.Context) time.Duration {
	w, ok := ctx.Value(waitsKey{}).(*Waits)
	if !ok {
		return RequestPatience
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	spent := w.spent
	if w.running > 0 {
		spent += time.Since(w.since)
	}
	return max(leastWait, RequestPatience-spent)
}

// measureWait starts to measure a wait, if the context is that of a request. The returned function
// ends the wait.
func measureWait(ctx context.Context) (end func()) {
	w, ok := ctx.Value(waitsKey{}).(*Waits)
	if !ok {
		return func() {}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running == 0 {
		w.since = time.Now()
	}
	w.running++
	return w.end
}

func (w *Waits) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running--; w.running == 0 {
		w.spent += time.Since(w.since)
	}
}
