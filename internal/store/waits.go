package store

import (
	"context"
	"sync"
	"time"
)

// RequestPatience is how long one request waits for the database in all, however many statements it
// runs. It is longer than the waits for a lock that a transaction repeats, and leaves two of the ten
// seconds in which a server must begin an answer.
const RequestPatience = 8 * time.Second

// leastWait is how long a statement may take at least, so what was begun can be committed.
const leastWait = time.Second

// Waits is the context of a request. It measures how long the request has waited for the database.
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

// Left is how long a statement may wait for the database: what the request of a context has left of
// [RequestPatience], but at least a second. Work for no request has all of it for each statement.
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

// measureWait begins a wait of the request of a context. The returned function ends it.
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
