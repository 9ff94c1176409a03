package conns

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/cardea-accounts/cardea/internal/network"
)

// waiter is a connection that waits. It is a copy, because requests change connections.
type waiter struct {
	conn  *conn
	since int64
	rank  int
}

// pick returns which connections of a network to close, a sixteenth of them at most: the
// oldest of those that wait, from the networks that have the most. One connection would be
// enough, but looking at all of them should pay.
func (l *Limit) pick(of netip.Prefix) []*conn {
	if of == everyone {
		if since := l.opt.Now().Sub(l.inVain); since >= 0 && since < retryAfter {
			return nil
		}
	}
	var waiting []waiter
	for c := range l.open[of] {
		if since := c.since.Load(); since > 0 {
			waiting = append(waiting, waiter{conn: c, since: since})
		}
	}
	if len(waiting) == 0 && of == everyone {
		l.inVain = l.opt.Now()
	}
	rank(waiting)
	slices.SortFunc(waiting, func(a, b waiter) int { return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(a.since, b.since)) })
	picked := make([]*conn, 0, min(len(waiting), max(1, len(l.open[of])/16)))
	for _, w := range waiting[:cap(picked)] {
		picked = append(picked, w.conn)
	}
	return picked
}

// rank gives each connection the number of younger ones in its networks that wait too. In
// a wide network they count less. So closing the highest ranks evens out the networks.
// Connections of proxies have the lowest rank: many users share them.
func rank(waiting []waiter) {
	slices.SortFunc(waiting, func(a, b waiter) int { return cmp.Compare(b.since, a.since) })
	younger := map[netip.Prefix]int{}
	for i := range waiting {
		w := &waiting[i]
		if w.conn.isProxy {
			w.rank = -1
			continue
		}
		for step, of := range w.conn.networks[:len(w.conn.networks)-1] {
			w.rank = max(w.rank, younger[of]/network.Share(step))
			younger[of]++
		}
	}
}
