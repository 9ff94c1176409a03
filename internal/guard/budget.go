package guard

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/network"
)

// Cost is what a request took from the server.
type Cost struct {
	CPU   time.Duration // of the workers that hash, decode and draw
	Bytes int64         // of the answer
}

// IsFree reports whether a cost is not worth counting: the client's request costs about
// as much.
func (c Cost) IsFree() bool { return c.CPU == 0 && c.Bytes <= costFree }

// Budget refuses networks and users that cost far more than honest ones do, whatever
// their requests are. It is the last line, behind the limits on each kind of request. Its
// methods may be called from any goroutine. A nil Budget refuses nothing.
type Budget struct {
	on  bool
	now func() time.Time
	log *slog.Logger

	refused atomic.Int64 // requests, since the start
	over    atomic.Int32 // entries of spent beyond their budget

	mu    sync.Mutex
	since time.Time // when the window began
	spent map[spender]Cost
}

// spender is a network or a user.
type spender struct {
	network netip.Prefix
	userID  string
}

// Budgets of a window: one core and 230 Mbit/s for an IPv4 address or an IPv6 /64, and a
// quarter of that for a user. Ten thousand people in one office, who all sign in within a
// window (25 ms each) and load a megabyte of pictures, are within it.
const (
	budgetWindow    = 10 * time.Minute
	budgetCPU       = 10 * time.Minute
	budgetBytes     = 16 << 30
	budgetUserShare = 4
	costFree        = 4 << 10 // bytes of an answer
	// maxSpenders bounds the memory: some megabytes. When they are reached, a new window begins.
	maxSpenders = 50_000
)

// NewBudget returns a budget. If on is false, nothing is refused.
func NewBudget(on bool, now func() time.Time, log *slog.Logger) *Budget {
	return &Budget{on: on, now: now, log: log, since: now(), spent: map[spender]Cost{}}
}

// IsUsedUp reports whether anybody has used up a budget. It costs next to nothing.
func (b *Budget) IsUsedUp() bool { return b != nil && b.over.Load() > 0 }

// Admit fails if the network of a client, or the user, who may be none, has used up the
// budget of the present window. Error: over_budget.
func (b *Budget) Admit(ip netip.Addr, userID string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.renew(now)
	for _, s := range spenders(ip, userID) {
		if cost, ok := b.spent[s]; ok && s.budget().isUsedUp(cost) {
			b.refused.Add(1)
			return &Error{Kind: KindThrottled, Code: "over_budget", RetryAfter: b.since.Add(budgetWindow).Sub(now), Message: overBudget}
		}
	}
	return nil
}

const overBudget = "Requests from your network or your account cost this server too much. Wait a while, then try again."

// Charge counts what a request cost.
func (b *Budget) Charge(ip netip.Addr, userID string, cost Cost) {
	if b == nil || !b.on {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.renew(b.now())
	for _, s := range spenders(ip, userID) {
		if len(b.spent) >= maxSpenders {
			b.clear()
		}
		before := b.spent[s]
		after := Cost{before.CPU + cost.CPU, before.Bytes + cost.Bytes}
		b.spent[s] = after
		if all := s.budget(); all.isUsedUp(after) && !all.isUsedUp(before) {
			b.over.Add(1)
			b.log.WarnContext(context.Background(), "budget used up; further requests of this network or user are refused for a while",
				"network", s.network.String(), "user", s.userID, "cpu_ms", after.CPU.Milliseconds(), "bytes", after.Bytes)
		}
	}
}

// renew begins a new window if the present one has passed, or the clock was set back.
func (b *Budget) renew(now time.Time) {
	if age := now.Sub(b.since); age < 0 || age >= budgetWindow {
		b.since = now
		b.clear()
	}
}

func (b *Budget) clear() {
	clear(b.spent)
	b.over.Store(0)
}

// spenders lists whom a request is charged to: the networks, narrowest first, and the user.
func spenders(ip netip.Addr, userID string) (list []spender) {
	for _, of := range network.Of(ip) {
		list = append(list, spender{network: of})
	}
	if userID != "" {
		list = append(list, spender{userID: userID})
	}
	return list
}

// budget is what a spender may cost in a window.
func (s spender) budget() Cost {
	switch {
	case s.userID != "":
		return Cost{budgetCPU / budgetUserShare, budgetBytes / budgetUserShare}
	case s.network.Addr().Is4():
		return Cost{budgetCPU, budgetBytes}
	}
	times := network.Share((64 - s.network.Bits()) / 8)
	return Cost{budgetCPU * time.Duration(times), budgetBytes * int64(times)}
}

func (c Cost) isUsedUp(by Cost) bool { return by.CPU >= c.CPU || by.Bytes >= c.Bytes }

// BudgetStats are figures of a [Budget].
type BudgetStats struct {
	Refused int64   // requests, since the start
	Most    float64 // the largest part that anybody has used of a budget in the present window
}

// Stats returns figures for metrics.
func (b *Budget) Stats() (stats BudgetStats) {
	if b == nil {
		return stats
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.renew(b.now())
	for s, spent := range b.spent {
		all := s.budget()
		stats.Most = max(stats.Most, float64(spent.CPU)/float64(all.CPU), float64(spent.Bytes)/float64(all.Bytes))
	}
	stats.Refused = b.refused.Load()
	return stats
}
