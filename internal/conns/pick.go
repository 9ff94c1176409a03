package conns

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/cardea-accounts/cardea/internal/network"
)

// candidate is a connection that may be closed. It is a copy, because requests change
// connections.
type candidate struct {
	conn  *conn
	since int64 // when it began to wait, or to be answered
	rank  int
}

// pick returns which connections of a network to close for a newcomer: the oldest of those
// that wait, from the networks that have the most. A crowd's newcomer spares those of smaller
// networks that have just come: their request is on its way. If none of all waits, it returns the
// oldest that are being answered, but only from networks that have more than the newcomer's.
// One would be enough, but looking at all of them should pay.
func (l *Limit) pick(of netip.Prefix, newcomer *conn) []*conn {
	has := l.has(newcomer)
	if since := l.opt.Now().Sub(l.inVain.at); of == everyone && has >= l.inVain.has && since >= 0 && since < retryAfter {
		return nil
	}
	var waiting, answering []candidate
	for c := range l.open[of] {
		if since := c.since.Load(); since > 0 {
			waiting = append(waiting, candidate{conn: c, since: since})
		} else {
			answering = append(answering, candidate{conn: c, since: -since})
		}
	}
	rank(waiting)
	justCame := l.accepted.Load() - int64(l.opt.Most/8)
	waiting = slices.DeleteFunc(waiting, func(c candidate) bool { return c.since > justCame && c.rank < has })
	if len(waiting) > 0 || of != everyone {
		return first(waiting, len(l.open[of])/16)
	}
	rank(answering)
	answering = slices.DeleteFunc(answering, func(c candidate) bool { return c.rank <= has })
	if len(answering) == 0 {
		l.inVain = inVain{l.opt.Now(), has}
	}
	return first(answering, len(l.open[of])/64)
}

// first returns n candidates with the highest rank, the oldest first; at least one if there
// is any.
func first(list []candidate, n int) []*conn {
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(a.since, b.since)) })
	picked := make([]*conn, 0, min(len(list), max(n, 1)))
	for _, c := range list[:cap(picked)] {
		picked = append(picked, c.conn)
	}
	return picked
}

// rank gives each connection the number of younger ones on the list from its networks. In a
// wide network they count less. So closing the highest ranks evens out the networks.
// Connections of proxies have the lowest rank: many users share them.
func rank(list []candidate) {
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Compare(b.since, a.since) })
	younger := map[netip.Prefix]int{}
	for i := range list {
		c := &list[i]
		if c.conn.isProxy {
			c.rank = -1
			continue
		}
		for step, of := range c.conn.own() {
			c.rank = max(c.rank, younger[of]/network.Share(step))
			younger[of]++
		}
	}
}

// has is the rank that a newcomer would have if all others in its networks were younger.
func (l *Limit) has(newcomer *conn) (n int) {
	for step, of := range newcomer.own() {
		n = max(n, len(l.open[of])/network.Share(step))
	}
	return n
}
