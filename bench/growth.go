package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// smallDatabase is what the large one is compared with, in people.
const smallDatabase = 1000

// How often each call is made to each server; fewer of those that cost a hash or a picture.
const (
	growthCalls  = 200
	growthCostly = 50
	growthWarm   = 2000 // before, see warm
)

// firstRead is the call that finds nothing in memory.
const firstRead = "a person's first `GET /api/user`"

// measureGrowth: each call to a small and to the large database in turn, one at a time.
func (b *bench) measureGrowth(ctx context.Context) error {
	large, err := b.largeFolder()
	if err != nil {
		return err
	}
	unthrottled := b.cardea.unthrottled()
	small, err := b.seeded(ctx, unthrottled, smallDatabase)
	if err != nil {
		return err
	}
	defer small.stop()
	big, err := start(ctx, unthrottled, large)
	if err != nil {
		return err
	}
	defer big.stop()
	fewer, more, err := dialBoth(ctx, small, big)
	if err != nil {
		return err
	}
	defer fewer.close()
	defer more.close()
	for i, client := range [2]*client{fewer, more} {
		if err := b.warm(client, [2]int{smallDatabase, b.people}[i]); err != nil {
			return err
		}
	}
	var among [2][]int // people of each
	for _, call := range b.cardea.calls(photo(640, 480)) {
		b.progress("growth: %s", call.name)
		if !call.again {
			among = [2][]int{sampleOf(smallDatabase/2, growthCalls), sampleOf(b.people/2, growthCalls)}
		}
		n := growthCalls
		if call.costly {
			n = growthCostly
		}
		times, err := inTurn([2]*client{fewer, more}, [2][]int{among[0][:n], among[1][:n]}, call.request)
		if err != nil {
			return err
		}
		before, after := median(times[0]), median(times[1])
		b.report.budget(call.name+" with "+count(b.people)+" people", millis(after),
			"with "+count(smallDatabase)+" "+millis(before), ms(after)/ms(before), atMost(1.2, "×"))
	}
	return nil
}

// warm has a server do what one does that has been running for a while, for people of
// the upper half; who is measured is of the lower.
func (b *bench) warm(c *client, people int) error {
	for i := range growthWarm {
		if _, err := c.do(b.cardea.Read(people/2 + i*people/2/growthWarm)); err != nil {
			return err
		}
	}
	return nil
}

// inTurn makes a request of each person to two servers, and returns how long each took.
func inTurn(clients [2]*client, people [2][]int, request func(person int) []byte) (times [2][]time.Duration, err error) {
	for i := range people[0] {
		for side, client := range clients {
			sent := request(people[side][i])
			began := time.Now()
			if _, err := client.do(sent); err != nil {
				return times, err
			}
			times[side] = append(times[side], time.Since(began))
		}
	}
	return times, nil
}

// sampleOf picks n different people; nothing depends on nobody guessing which.
func sampleOf(people, n int) []int {
	if people <= 2*n {
		return rand.Perm(people)[:n] //nolint:gosec // see above
	}
	seen, out := map[int]bool{}, []int{}
	for len(out) < n {
		if p := rand.IntN(people); !seen[p] { //nolint:gosec // see above
			seen[p], out = true, append(out, p)
		}
	}
	return out
}

func dialBoth(ctx context.Context, a, b *server) (*client, *client, error) {
	toA, err := dial(ctx, a.address)
	if err != nil {
		return nil, nil, err
	}
	toB, err := dial(ctx, b.address)
	if err != nil {
		toA.close()
		return nil, nil, err
	}
	return toA, toB, nil
}
