package fair_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cardea-accounts/cardea/internal/fair"
)

// period is how long turns count in these tests.
const period = time.Minute

func lasting(name string, share int) fair.Flow {
	f := flow(name, share)
	f.Lasting = true
	return f
}

// past is a queue in which tickets of lasting flows get turns.
type past struct {
	fair.Queue
	names map[*fair.Ticket]string
}

func newPast() *past {
	return &past{Queue: fair.Queue{Period: period}, names: map[*fair.Ticket]string{}}
}

// give gives tickets of a lasting flow their turns.
func (p *past) give(name string, turns int) {
	for range turns {
		p.come(name, lasting(name, 1))
		p.Take(p.First())
	}
}

func (p *past) come(name string, flows ...fair.Flow) (out *fair.Ticket) {
	t := &fair.Ticket{Flows: flows}
	p.names[t] = name
	return p.Add(t, 100)
}

func (p *past) want(t *testing.T, order ...string) {
	t.Helper()
	var got []string
	for first := p.First(); first != nil; first = p.First() {
		p.Take(first)
		got = append(got, p.names[first])
	}
	if !slices.Equal(got, order) {
		t.Errorf("order %v, want %v", got, order)
	}
}

// Who had more turns lately waits behind who had fewer, in either line.
func TestLastingFlowsYield(t *testing.T) {
	p := newPast()
	p.give("often", 5)
	p.give("once", 1)
	p.come("often", lasting("often", 1))
	p.come("once", lasting("once", 1))
	p.come("never", lasting("never", 1))
	p.come("other", flow("often", 1)) // does not last
	p.want(t, "never", "other", "once", "often")
	for range 3 {
		p.Add(&fair.Ticket{Flows: []fair.Flow{lasting("known", 1)}, Reserved: true}, 100)
		p.Take(p.First())
	}
	for _, name := range []string{"known", "fresh"} {
		ticket := &fair.Ticket{Flows: []fair.Flow{lasting(name, 1)}, Reserved: true}
		p.names[ticket] = name
		p.Add(ticket, 100)
	}
	p.want(t, "fresh", "known")
}

// A flood from more networks than there are places, each of which had a turn, does not
// refuse others their place. Nor does one whose networks had two turns refuse a network
// that had one.
func TestFloodFromManyNetworks(t *testing.T) {
	p := newPast()
	for i := range 200 {
		p.give(fmt.Sprint("flood", i), 2)
	}
	p.give("mistyped", 1)
	for i := range 200 {
		p.come("flood", lasting(fmt.Sprint("flood", i), 1))
	}
	for _, name := range []string{"mistyped", "fresh"} {
		if out := p.come(name, lasting(name, 1)); p.names[out] != "flood" {
			t.Errorf("%s: %s left", name, p.names[out])
		}
	}
	for _, want := range []string{"fresh", "mistyped", "flood"} {
		first := p.First()
		p.Take(first)
		if p.names[first] != want {
			t.Errorf("%s came first, want %s", p.names[first], want)
		}
	}
}

// From one wide network, each turn may be that of another narrow one. The wide one yields
// to others, and less than a narrow one with as many turns.
func TestWideNetworksYield(t *testing.T) {
	p := newPast()
	for i := range 8 {
		p.come("wide", lasting(fmt.Sprint("64-", i), 1), lasting("48", 4))
		p.Take(p.First())
	}
	p.give("narrow", 8)
	p.give("once", 1)
	p.come("narrow", lasting("narrow", 1))
	p.come("wide", lasting("64-9", 1), lasting("48", 4))
	p.come("once", lasting("once", 1))
	p.want(t, "once", "wide", "narrow")
}

// Turns count for one to two periods.
func TestTurnsAreForgotten(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{0, "[fresh often]"},
		{period, "[fresh often]"},
		{2 * period, "[often fresh]"},
		{100 * period, "[often fresh]"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPast()
			p.give("often", 5)
			time.Sleep(c.after)
			p.come("often", lasting("often", 1))
			p.come("fresh", lasting("fresh", 1))
			if got := fmt.Sprint(order(&p.Queue, p.names)); got != c.want {
				t.Errorf("after %v: %s, want %s", c.after, got, c.want)
			}
		})
	}
}

// A queue remembers a bounded number of flows. Those of which it hears no more go first.
func TestMemoryIsBounded(t *testing.T) {
	p := newPast()
	p.give("first", 5)
	for i := range 50_000 {
		p.give(fmt.Sprint("other", i), 1)
		clear(p.names)
	}
	p.give("last", 5)
	for _, name := range []string{"last", "first"} {
		p.come(name, lasting(name, 1))
	}
	p.want(t, "first", "last")
}
