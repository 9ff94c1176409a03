package wire

import (
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/cardea-accounts/cardea/internal/network"
	"github.com/cardea-accounts/cardea/internal/rarely"
)

// Bounds of the lines about refused requests with the same status. A line has 300 bytes, so
// a flood makes at most 40 MB a day for each status.
const (
	refusedPeriod   = time.Minute
	refusedOfEach   = 10  // network: an IPv4 address or an IPv6 /48
	refusedTogether = 100 // networks together
)

// refusedLines bound the lines about refused requests, by status. A refusal costs so little
// that a flood of them would otherwise fill the disk with its log.
type refusedLines map[int]*rarely.Quota[netip.Prefix]

func newRefusedLines() refusedLines {
	lines := refusedLines{}
	for _, status := range []int{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable, statusClientLeft} {
		lines[status] = rarely.NewQuota[netip.Prefix](refusedPeriod, refusedOfEach, refusedTogether)
	}
	return lines
}

// pass reports whether a request gets its line, and how many of its status were left out
// since the last one. Requests with other statuses always do.
func (l refusedLines) pass(r *Request) (more int64, ok bool) {
	quota := l[r.status]
	if quota == nil || r.wire.opt.LogAll {
		return 0, true
	}
	networks := network.Of(r.IP())
	if more, ok = quota.Pass(networks[len(networks)-1], r.Now); !ok {
		r.wire.metrics.unlogged.WithLabelValues(strconv.Itoa(r.status)).Inc()
	}
	return more, ok
}
