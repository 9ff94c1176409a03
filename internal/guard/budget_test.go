package guard

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A network or user that has used up its budget is refused until the window ends. Wide
// networks have more, and others are not affected.
func TestBudget(t *testing.T) {
	const minute, gib = time.Minute, 1 << 30
	for _, c := range []struct {
		what    string
		address string // % stands for the number of the request
		user    string
		cost    Cost
		want    int // requests until one is refused
	}{
		{"CPU from an IPv4 address", "192.0.2.1", "", Cost{CPU: minute}, 10},
		{"bytes to an IPv4 address", "192.0.2.1", "", Cost{Bytes: gib}, 16},
		{"CPU from a /64", "2001:db8::%", "", Cost{CPU: minute}, 10},
		{"CPU from a /56", "2001:db8:0:%::", "", Cost{CPU: minute}, 20},
		{"CPU from a /48", "2001:db8:0:%00::", "", Cost{CPU: minute}, 40},
		{"6to4", "2002:c000:201:%::1", "", Cost{CPU: minute}, 10},
		{"CPU for a user", "2001:db8:%::", "ada", Cost{CPU: minute / 2}, 5},
		{"bytes to a user", "2001:db8:%::", "ada", Cost{Bytes: gib}, 4},
	} {
		var out strings.Builder
		now := time.Unix(1e9, 0)
		b := NewBudget(true, func() time.Time { return now }, slog.New(slog.NewTextHandler(&out, nil)))
		ip := func(n int) netip.Addr {
			return netip.MustParseAddr(strings.ReplaceAll(c.address, "%", fmt.Sprintf("%02x", n)))
		}
		now = now.Add(4 * time.Minute)
		n := 0
		for ; n < 100 && b.Admit(ip(n), c.user) == nil; n++ {
			b.Charge(ip(n), c.user, c.cost)
		}
		err := b.Admit(ip(0), c.user)
		e, ok := errors.AsType[*Error](err)
		if n != c.want || !ok || e.Kind != KindThrottled || e.Code != "over_budget" || e.RetryAfter != 6*time.Minute || !b.IsUsedUp() {
			t.Errorf("%s: refused after %d: %v", c.what, n, err)
		}
		if stats := b.Stats(); stats.Refused != 2 || stats.Most != 1 {
			t.Errorf("%s: %+v", c.what, stats)
		}
		if strings.Count(out.String(), "budget used up") != 1 {
			t.Errorf("%s: log %s", c.what, out.String())
		}
		if err := b.Admit(netip.MustParseAddr("198.51.100.1"), "bob"); err != nil {
			t.Errorf("%s: others: %v", c.what, err)
		}
		now = now.Add(6 * time.Minute)
		if err := b.Admit(ip(0), c.user); err != nil || b.IsUsedUp() {
			t.Errorf("%s: in the next window: %v", c.what, err)
		}
	}
}

// Its memory is bounded. When it is full, everybody has a new budget.
func TestBudgetIsBounded(t *testing.T) {
	b := NewBudget(true, time.Now, slog.New(slog.DiscardHandler))
	b.Charge(netip.MustParseAddr("192.0.2.1"), "", Cost{CPU: time.Hour})
	for i := range maxSpenders {
		b.Charge(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), "", Cost{CPU: 1})
	}
	if len(b.spent) > maxSpenders || b.IsUsedUp() {
		t.Errorf("%d entries", len(b.spent))
	}
}

// Without limits, and without a budget, nothing is refused.
func TestNoBudget(t *testing.T) {
	ip := netip.MustParseAddr("192.0.2.1")
	for _, b := range []*Budget{nil, NewBudget(false, time.Now, slog.New(slog.DiscardHandler))} {
		b.Charge(ip, "ada", Cost{CPU: time.Hour, Bytes: 1 << 50})
		if b.IsUsedUp() || b.Stats() != (BudgetStats{}) {
			t.Errorf("%+v", b.Stats())
		}
	}
}
