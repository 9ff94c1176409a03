package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// flood is the number of clients that only log in.
const flood = 64

// rawHashes returns how many of Cardea's hashes all cores compute in a second. No server
// can handle more logins.
func rawHashes(seconds int) float64 {
	var n atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	end := began.Add(time.Duration(seconds) * time.Second)
	for range runtime.NumCPU() {
		all.Go(func() {
			for time.Now().Before(end) {
				argon2.IDKey([]byte(password), []byte("sixteen bytes of"), argon2Time, argon2Memory, 1, 32)
				n.Add(1)
			}
		})
	}
	all.Wait()
	return float64(n.Load()) / time.Since(began).Seconds()
}

// flooded is the result of one round of the flood.
type flooded struct{ quiet, reads, logins sample }

// measureFlood measures how much a flood of logins slows the reads of signed-in users.
func (b *bench) measureFlood(ctx context.Context) error {
	if b.noWrk("reads in a flood of logins") {
		return nil
	}
	servers, err := b.seededPeers(ctx, b.peers)
	if err != nil {
		return err
	}
	defer stopAll(servers)
	samples := make([][]flooded, len(b.peers))
	var raw []float64
	for round := range b.rounds {
		raw = append(raw, rawHashes(b.seconds))
		for i, p := range b.peers {
			f, err := b.floodOnce(ctx, p, servers[i])
			if err != nil {
				return err
			}
			b.progress("flood, round %d of %d: %s reads %s/s, quiet %s/s; %s logins/s; raw %s hashes/s", round+1, b.rounds, p.Name(),
				number(f.reads.rate), number(f.quiet.rate), number(f.logins.rate), number(raw[round]))
			samples[i] = append(samples[i], f)
		}
	}
	b.reportFlood(samples, raw)
	return nil
}

func (b *bench) floodOnce(ctx context.Context, p peer, s *server) (f flooded, err error) {
	reads, err := b.load("random", hotSet, p.Read)
	if err != nil {
		return f, err
	}
	logins, err := b.load("random", hotSet, p.Login)
	if err != nil {
		return f, err
	}
	if f.quiet, err = reads.send(ctx, s, readers, b.seconds); err != nil {
		return f, err
	}
	// Longer than other loads: all clients start at once, and the slowest server answers nothing for seconds.
	seconds := 3 * b.seconds
	flooding := make(chan error, 1)
	go func() {
		var err error
		f.logins, err = logins.send(ctx, s, flood, seconds)
		flooding <- err
	}()
	f.reads, err = reads.send(ctx, s, readers, seconds)
	if floodErr := <-flooding; err == nil {
		err = floodErr
	}
	s.settle()
	return f, err
}

func (b *bench) reportFlood(samples [][]flooded, raw []float64) {
	reads := comparison{what: "reads while 64 clients only log in", unit: "/s"}
	logins := comparison{what: floodedLogins, unit: "/s"}
	for i, p := range b.peers {
		quiet, during, done := rounds(samples[i], func(f flooded) sample { return f.quiet }),
			rounds(samples[i], func(f flooded) sample { return f.reads }), rounds(samples[i], func(f flooded) sample { return f.logins })
		kept := ratios(rates(during), rates(quiet))
		reads.add(p.Name(), median(rates(during)), number(median(kept))+" × quiet, p99 "+millis(p99(during)))
		logins.add(p.Name(), median(rates(done)), p.Hash())
		if i == 0 {
			b.report.ratio("`GET /api/user` while 64 clients only log in", perSecond(rates(during)),
				"quiet "+perSecond(rates(quiet)), kept, atLeast(0.5, "×"))
			b.report.budget("… p99", "", "quiet "+millis(p99(quiet)), ms(p99(during)), atMost(10, "ms"))
			b.report.ratio(floodedLogins, perSecond(rates(done)), "raw Argon2id "+perSecond(raw),
				ratios(rates(done), raw), atLeast(0.75, "×"))
		}
	}
	b.report.compare(reads)
	b.report.compare(logins)
}

func rounds(all []flooded, of func(flooded) sample) []sample {
	out := make([]sample, len(all))
	for i, f := range all {
		out[i] = of(f)
	}
	return out
}
