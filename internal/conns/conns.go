// Package conns bounds the connections of a server, in total and for each network. So no
// client can take the file descriptors and the memory that others need.
//
// A connection waits while it is idle, or has not sent the whole header of a request. If
// there is no room for a new connection, some that wait are closed: the oldest ones of the
// networks that have the most. If none waits, the oldest requests of networks that have more
// than the newcomer's are cut off. Otherwise the new connection is refused. The last eighth
// is kept for networks with few connections, such as health checks and users who sign in.
//
// Requests take no lock: they only note in their connection whether it waits.
package conns

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/network"
	"github.com/cardea-accounts/cardea/internal/rarely"
)

// Options are the settings of a [Limit].
type Options struct {
	Most    int            // connections in all, see [Most]
	Proxies []netip.Prefix // these, 127.0.0.1 and ::1 may have any part of them
	Now     func() time.Time
	Log     *slog.Logger
}

// Limit bounds the connections of any number of listeners together. Its methods may be
// called from any goroutine.
type Limit struct {
	opt      Options
	noted    *rarely.Gate[struct{}]
	accepted atomic.Int64 // connections so far. It orders waits without a clock.

	mu      sync.Mutex
	open    map[netip.Prefix]map[*conn]struct{} // by network
	inVain  inVain
	figures Figures
}

// inVain is when a newcomer from networks with so many connections found none to close.
type inVain struct {
	at  time.Time
	has int
}

// Figures are for metrics.
type Figures struct {
	Open, Most     int
	Closed         int64 // to make room
	RefusedNetwork int64 // because too many were from one network
	RefusedTotal   int64 // because too many were open
}

// everyone is the network of all connections.
var everyone netip.Prefix

// few is how many connections a network may always have, unless every connection of the
// server is in use: a browser opens six.
const few = 8

const (
	// retryAfter is how long a newcomer is refused without another look, after one from
	// networks with as many or fewer connections was.
	retryAfter = 50 * time.Millisecond
	noteEvery  = time.Minute
)

// New returns a limit without connections.
func New(opt Options) *Limit {
	return &Limit{opt: opt, noted: rarely.NewGate[struct{}](noteEvery, 1), open: map[netip.Prefix]map[*conn]struct{}{}}
}

// Figures returns the present figures.
func (l *Limit) Figures() Figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.figures
	f.Open, f.Most = len(l.open[everyone]), l.opt.Most
	return f
}

// admit adds a connection, or returns false. It closes others to make room.
func (l *Limit) admit(c *conn) bool {
	c.since.Store(l.accepted.Add(1))
	l.mu.Lock()
	closing, refused := l.makeRoom(c)
	switch refused {
	case "":
		l.add(c)
	case refusedTotal:
		l.figures.RefusedTotal++
	default:
		l.figures.RefusedNetwork++
	}
	l.figures.Closed += int64(len(closing))
	open := len(l.open[everyone])
	l.mu.Unlock()

	for _, other := range closing {
		_ = other.Close() // its client sees the end of the connection
	}
	if (len(closing) > 0 || refused != "") && l.noted.Pass(struct{}{}, l.opt.Now()) {
		l.opt.Log.LogAttrs(context.Background(), slog.LevelWarn, "too many connections; some are closed or refused",
			slog.String("ip", c.networks[0].Addr().String()), slog.Int("closed", len(closing)), slog.String("refused", refused),
			slog.Int("open", open), slog.Int("most", l.opt.Most))
	}
	if refused != "" {
		return false
	}
	_ = c.SetWriteBuffer(writeBuffer(open)) // it fails on a dead connection, which the next read reports
	return true
}

// Why connections are refused.
const (
	refusedNetwork = "too many from one network"
	refusedTotal   = "too many in all"
)

// makeRoom removes other connections until there is room for c, and returns them. It
// says why c is refused; empty: there is room.
func (l *Limit) makeRoom(c *conn) (closing []*conn, refused string) {
	for step, of := range c.networks {
		if len(l.open[of]) < l.room(c, step) {
			continue
		}
		picked := l.pick(of, c)
		if len(picked) == 0 && of == everyone {
			return closing, refusedTotal
		}
		if len(picked) == 0 {
			return closing, refusedNetwork
		}
		for _, other := range picked {
			l.drop(other)
		}
		closing = append(closing, picked...)
	}
	return closing, ""
}

// room is how many connections one of c's networks may have, including c.
func (l *Limit) room(c *conn, step int) int {
	eighth := l.opt.Most / 8
	switch {
	case c.networks[step] != everyone && !c.isProxy:
		return max(eighth, few) * network.Share(step)
	case c.networks[step] == everyone && len(l.open[c.networks[0]]) >= few:
		return l.opt.Most - eighth
	}
	return l.opt.Most
}

func (l *Limit) add(c *conn) {
	for _, of := range c.networks {
		if l.open[of] == nil {
			l.open[of] = map[*conn]struct{}{}
		}
		l.open[of][c] = struct{}{}
	}
}

// drop forgets a connection. A second call does nothing.
func (l *Limit) drop(c *conn) {
	for _, of := range c.networks {
		if delete(l.open[of], c); len(l.open[of]) == 0 {
			delete(l.open, of)
		}
	}
}

// networksOf returns the networks of a client, the narrowest first, everyone last.
func networksOf(addr *net.TCPAddr) []netip.Prefix {
	return append(network.Of(addr.AddrPort().Addr()), everyone)
}
