package fair

import (
	"context"
	"sync"
)

// Gate lets one caller through at a time, in the order of a [Queue]. The zero Gate is open.
type Gate struct {
	mu    sync.Mutex
	queue Queue
	calls map[*Ticket]chan struct{} // closed when the ticket gets its turn
	busy  bool
}

// Enter waits for its turn. The caller must call leave when it is done. Enter fails only
// if ctx ends first, with its error.
func (g *Gate) Enter(ctx context.Context, t Ticket) (leave func(), err error) {
	called := g.join(&t)
	if called == nil {
		return g.leave, nil
	}
	select {
	case <-called:
		return g.leave, nil
	case <-ctx.Done():
		g.giveUp(&t)
		return nil, ctx.Err()
	}
}

// Len returns how many callers wait.
func (g *Gate) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.queue.Len()
}

// join returns nil if it is the ticket's turn at once.
func (g *Gate) join(t *Ticket) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.busy {
		g.busy = true
		return nil
	}
	if g.calls == nil {
		g.calls = map[*Ticket]chan struct{}{}
	}
	called := make(chan struct{})
	g.queue.Add(t, g.queue.Len()+1)
	g.calls[t] = called
	return called
}

// leave calls the next ticket.
func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := g.queue.First()
	if next == nil {
		g.busy = false
		return
	}
	g.queue.Take(next)
	close(g.calls[next])
	delete(g.calls, next)
}

// giveUp removes a ticket, or passes its turn on if it has just been called.
func (g *Gate) giveUp(t *Ticket) {
	g.mu.Lock()
	isWaiting := g.queue.Remove(t)
	delete(g.calls, t)
	g.mu.Unlock()
	if !isWaiting {
		g.leave()
	}
}
