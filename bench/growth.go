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
)

// measureGrowth: each call to a small and to the large database in turn, one at a
// time, for other people each, so that no cache knows them.
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
	var among [2][]int // people of each
	for _, call := range b.cardea.calls(photo(640, 480)) {
		b.progress("growth: %s", call.name)
		n := growthCalls
		if call.costly {
			n = growthCostly
		}
		if !call.again {
			among = [2][]int{sampleOf(smallDatabase, n), sampleOf(b.people, n)}
		}
		times, err := inTurn([2]*client{fewer, more}, among, call.request)
		if err != nil {
			return err
		}
		before, after := median(times[0]), median(times[1])
		b.report.budget("`"+call.name+"` with "+count(b.people)+" people", millis(after),
			"with "+count(smallDatabase)+" "+millis(before), ms(after)/ms(before), atMost(1.2, "×"))
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
