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
	b.large = "" // sessions of now: for some calls, the password must have been given lately
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
	return b.callsInTurn(ctx, "growth", [2]*server{small, big}, [2]int{smallDatabase, b.users}, func(name string, before, after time.Duration) {
		b.report.budget(name+" with "+count(b.users)+" users", millis(after),
			"with "+count(smallDatabase)+" "+millis(before), ms(after)/ms(before), atMost(1.2, "×"))
	})
}

// callsInTurn sends all calls to two servers with a number of users each, in turn, and reports
// the medians of each call.
func (b *bench) callsInTurn(ctx context.Context, what string, servers [2]*server, users [2]int, report func(name string, first, second time.Duration)) error {
	var clients [2]*client
	for i, s := range servers {
		c, err := dial(ctx, s.address)
		if err != nil {
			return err
		}
		defer c.close()
		if err := b.warm(c, users[i]); err != nil {
			return err
		}
		clients[i] = c
	}
	var among [2][]int // users of each server
	for _, call := range b.cardea.calls(photo(640, 480)) {
		b.progress("%s: %s", what, call.name)
		if !call.sameUsers {
			among = [2][]int{sampleOf(users[0]/2, growthCalls), sampleOf(users[1]/2, growthCalls)}
		}
		n := growthCalls
		if call.cpuHeavy {
			n = growthHeavy
		}
		times, err := inTurn(clients, [2][]int{among[0][:n], among[1][:n]}, call.request)
		if err != nil {
			return err
		}
		report(call.name, median(times[0]), median(times[1]))
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
