package fair

import "time"

// maxRemembered bounds the memory of a history: two megabytes for each of its two maps.
// Beyond it, the older map is forgotten early.
const maxRemembered = 20_000

// history is what lasting flows were given lately. It has two maps, and drops the older
// one when the newer is old or full. The zero history is empty.
type history struct {
	recent, older map[Flow]int64
	since         time.Time // when recent was begun
}

// of returns what a flow was given.
func (h *history) of(f Flow) int64 { return h.recent[f] + h.older[f] }

// add counts a ticket that got its turn.
func (h *history) add(t *Ticket) {
	for _, f := range t.Flows {
		if !f.Lasting {
			continue
		}
		if len(h.recent) >= maxRemembered {
			h.dropOlder()
		}
		h.recent[f] += f.cost(t.Weight)
	}
}

// forget drops what is older than two periods. A period of zero drops nothing.
func (h *history) forget(period time.Duration) {
	switch age := time.Since(h.since); {
	case period <= 0 || age < period:
	case age < 2*period:
		h.dropOlder()
	default:
		h.dropOlder()
		h.older = nil
	}
}

func (h *history) dropOlder() {
	h.recent, h.older, h.since = map[Flow]int64{}, h.recent, time.Now()
}
