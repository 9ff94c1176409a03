package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// smallDatabase is the number of users in the small database.
const smallDatabase = 1000

// How often each call is sent to each server.
const (
	growthCalls = 200
	growthHeavy = 50   // calls that hash a password or decode a picture
	growthWarm  = 2000 // reads before the measurement, see warm
)

// firstRead is the name of the call whose user is in no cache.
const firstRead = "a user's first `GET /api/user`"

// measureGrowth measures whether calls become slower as the database grows. It sends each
// call to a server with a small and to a server with a large database, in turn.
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
		if err := b.warm(client, [2]int{smallDatabase, b.users}[i]); err != nil {
			return err
		}
	}
	var among [2][]int // users of each server
	for _, call := range b.cardea.calls(photo(640, 480)) {
		b.progress("growth: %s", call.name)
		if !call.sameUsers {
			among = [2][]int{sampleOf(smallDatabase/2, growthCalls), sampleOf(b.users/2, growthCalls)}
		}
		n := growthCalls
		if call.cpuHeavy {
			n = growthHeavy
		}
		times, err := inTurn([2]*client{fewer, more}, [2][]int{among[0][:n], among[1][:n]}, call.request)
		if err != nil {
			return err
		}
		before, after := median(times[0]), median(times[1])
		b.report.budget(call.name+" with "+count(b.users)+" users", millis(after),
			"with "+count(smallDatabase)+" "+millis(before), ms(after)/ms(before), atMost(1.2, "×"))
	}
	return nil
}

// warm brings a server into the state of one that has been running for a while. It reads
// as users of the upper half; the measured users are in the lower half.
func (b *bench) warm(c *client, users int) error {
	for i := range growthWarm {
		if _, err := c.do(b.cardea.Read(users/2 + i*users/2/growthWarm)); err != nil {
			return err
		}
	}
	return nil
}

// inTurn sends a request of each user to two servers in turn, and returns the times.
func inTurn(clients [2]*client, users [2][]int, request func(user int) []byte) (times [2][]time.Duration, err error) {
	for i := range users[0] {
		for side, client := range clients {
			sent := request(users[side][i])
			began := time.Now()
			if _, err := client.do(sent); err != nil {
				return times, err
			}
			times[side] = append(times[side], time.Since(began))
		}
	}
	return times, nil
}

// sampleOf picks n different users. The choice need not be unpredictable.
func sampleOf(users, n int) []int {
	if users <= 2*n {
		return rand.Perm(users)[:n] //nolint:gosec // see above
	}
	seen, out := map[int]bool{}, []int{}
	for len(out) < n {
		if p := rand.IntN(users); !seen[p] { //nolint:gosec // see above
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
