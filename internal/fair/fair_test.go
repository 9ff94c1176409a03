package fair_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/fair"
)

func flow(name string, share int) (f fair.Flow) {
	copy(f.Name[:], name)
	f.Share = share
	return f
}

// order empties a queue and returns the names of its tickets.
func order(q *fair.Queue, names map[*fair.Ticket]string) (list []string) {
	for t := q.First(); t != nil; t = q.First() {
		q.Take(t)
		list = append(list, names[t])
	}
	return list
}

// From one /48, every request may come from another /64. They wait for each other, and a
// client elsewhere does not.
func TestWideNetworksAreFlows(t *testing.T) {
	var q fair.Queue
	names := map[*fair.Ticket]string{}
	for i := range 12 {
		ticket := &fair.Ticket{Flows: []fair.Flow{flow(fmt.Sprint("64-", i), 1), flow("56", 2), flow("48", 4)}}
		names[ticket] = "stranger"
		q.Add(ticket, 100)
	}
	victim := &fair.Ticket{Flows: []fair.Flow{flow("elsewhere", 1)}}
	names[victim] = "victim"
	q.Add(victim, 100)
	if got := order(&q, names); slices.Index(got, "victim") > 1 {
		t.Errorf("order %v", got)
	}
}

// A wide network with many clients gets a larger share than one client.
func TestShare(t *testing.T) {
	var q fair.Queue
	names := map[*fair.Ticket]string{}
	for range 4 {
		for name, share := range map[string]int{"one": 1, "wide": 4} {
			ticket := &fair.Ticket{Flows: []fair.Flow{flow(name, share)}}
			names[ticket] = name
			q.Add(ticket, 100)
		}
	}
	got := order(&q, names)
	if first := got[:5]; len(slices.DeleteFunc(slices.Clone(first), func(n string) bool { return n == "one" })) != 4 {
		t.Errorf("order %v", got)
	}
}

// Reserved tickets of many flows get half of the turns however many others wait, those of
// one flow a fifth, and all get all of them if no others wait.
func TestReserved(t *testing.T) {
	for _, c := range []struct {
		others, reserved int
		isOne            bool // the reserved tickets are of one flow
		want             string
	}{
		{6, 6, false, "[r o r o r o r o r o o r]"},
		{5, 2, false, "[r o o r o o o]"},
		{10, 3, true, "[r o o o o r o o o o r o o]"},
		{2, 5, false, "[r o r o r r r]"},
		{0, 3, true, "[r r r]"},
		{3, 0, false, "[o o o]"},
	} {
		var q fair.Queue
		names := map[*fair.Ticket]string{}
		add := func(n int, name string, reserved bool) {
			for i := range n {
				if reserved && c.isOne {
					i = 0
				}
				ticket := &fair.Ticket{Flows: []fair.Flow{flow(fmt.Sprint(name, i), 1)}, Reserved: reserved}
				names[ticket] = name
				q.Add(ticket, 100)
			}
		}
		add(c.others, "o", false)
		add(c.reserved, "r", true)
		if got := fmt.Sprint(order(&q, names)); got != c.want {
			t.Errorf("%d others and %d reserved: %s, want %s", c.others, c.reserved, got, c.want)
		}
	}
}

// A full queue refuses a ticket of the longer line, so strangers push out no known device.
func TestFullQueueKeepsReserved(t *testing.T) {
	var q fair.Queue
	for i := range 10 {
		q.Add(&fair.Ticket{Flows: []fair.Flow{flow(fmt.Sprint(i), 1)}}, 10)
	}
	for i := range 5 {
		if out := q.Add(&fair.Ticket{Reserved: true}, 10); out == nil || out.Reserved {
			t.Fatalf("reserved ticket %d: %v left", i, out)
		}
	}
	last := &fair.Ticket{}
	if out := q.Add(last, 10); out == nil || out.Reserved {
		t.Errorf("%v left", out)
	}
	if out := q.Add(&fair.Ticket{Flows: []fair.Flow{flow("own", 1)}, Reserved: true}, 10); out == nil || !out.Reserved {
		t.Errorf("beyond half, %v left", out)
	}
	if q.Len() != 10 {
		t.Errorf("%d wait", q.Len())
	}
}

// What has left keeps nobody waiting.
func TestRemovedTicketsDoNotCount(t *testing.T) {
	var q fair.Queue
	gone := &fair.Ticket{Flows: []fair.Flow{flow("a", 1)}, Weight: 100}
	q.Add(gone, 100)
	if !q.Remove(gone) || q.Remove(gone) {
		t.Error("a ticket leaves once")
	}
	first, second := &fair.Ticket{Flows: []fair.Flow{flow("a", 1)}}, &fair.Ticket{Flows: []fair.Flow{flow("b", 1)}}
	q.Add(first, 100)
	q.Add(second, 100)
	if q.First() != first {
		t.Error("a flow waits for what has left")
	}
}
