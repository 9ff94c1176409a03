package main

import (
	"context"
	"fmt"
	"time"
)

// readers is the number of connections that send reads.
const readers = 32

// contender is a server and its load.
type contender struct {
	*server
	load *load
}

// compete sends the loads of all contenders in turn, round after round, and returns
// their samples. The first round warms the servers and does not count.
func (b *bench) compete(ctx context.Context, what string, connections, warmUp int, contenders []contender) ([][]sample, error) {
	samples := make([][]sample, len(contenders))
	for round := range b.rounds + 1 {
		for i, c := range contenders {
			seconds := b.seconds
			if round == 0 {
				seconds = warmUp
			}
			s, err := c.load.send(ctx, c.server, connections, seconds)
			if err != nil {
				return nil, err
			}
			c.settle()
			if round == 0 {
				continue
			}
			b.progress("%s, round %d of %d: %s %s/s, p99 %s", what, round, b.rounds, c.name, number(s.rate), millis(s.p99))
			samples[i] = append(samples[i], s)
		}
	}
	return samples, nil
}

func rates(samples []sample) []float64 {
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = s.rate
	}
	return out
}

func p99(samples []sample) time.Duration {
	out := make([]time.Duration, len(samples))
	for i, s := range samples {
		out[i] = s.p99
	}
	return median(out)
}

// cpus returns the CPU time of the server for a request, in microseconds.
func cpus(samples []sample) []float64 {
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = s.cpu
	}
	return out
}

func micros(us float64) string { return number(us) + " µs" }

func ms(d time.Duration) float64    { return float64(d.Microseconds()) / 1000 }
func millis(d time.Duration) string { return number(ms(d)) + " ms" }

// againstBare returns the contenders for reads: a bare handler and the peers. Cardea must
// be the first peer, because the bare handler sends its answers.
func (b *bench) againstBare(ctx context.Context, users int, peers []peer, servers []*server) (all []contender, stop func(), err error) {
	dir, err := b.folder()
	if err != nil {
		return nil, nil, err
	}
	for i, p := range peers {
		reads, err := b.load("random", users, p.Read)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, contender{servers[i], reads}) //nolint:gosec // one server for each peer
	}
	bareServer, err := b.startBare(ctx, servers[0], dir)
	if err != nil {
		return nil, nil, err
	}
	// The bare handler gets Cardea's requests.
	all = append([]contender{{bareServer, all[0].load}}, all...)
	return all, bareServer.stop, nil
}

// measureReads measures GET /api/user and its counterparts for the users of a busy hour.
func (b *bench) measureReads(ctx context.Context) error {
	if b.noWrk("reads") {
		return nil
	}
	servers, err := b.seededPeers(ctx, b.peers)
	if err != nil {
		return err
	}
	defer stopAll(servers)
	contenders, stop, err := b.againstBare(ctx, hotSet, b.peers, servers)
	if err != nil {
		return err
	}
	defer stop()
	samples, err := b.compete(ctx, "reads", readers, 1, contenders)
	if err != nil {
		return err
	}
	c := comparison{what: "authenticated reads, " + count(hotSet) + " sessions", unit: "/s"}
	for i, s := range samples {
		c.add(contenders[i].name, median(rates(s)), "p99 "+millis(p99(s))+", "+micros(median(cpus(s)))+" of CPU a request")
	}
	b.report.compare(c)
	b.compareEngines(hotReads, samples[1:], b.peers, 0.95)
	bareRates, ours := rates(samples[0]), rates(samples[1])
	b.report.ratio("`GET /api/user`, hot set of "+count(hotSet)+" sessions", perSecond(ours)+", p99 "+millis(p99(samples[1])),
		"bare handler "+perSecond(bareRates), ratios(ours, bareRates), atLeast(0.75, "×").withGoal(0.85))
	base := rates(samples[2])
	b.report.ratio(againstPocketBase, perSecond(ours), "PocketBase "+perSecond(base), ratios(ours, base), atLeast(12, "×"))
	return nil
}

func perSecond(values []float64) string { return number(median(values)) + "/s" }

// measureMillion measures reads of random users among so many that they exceed the cache.
func (b *bench) measureMillion(ctx context.Context) error {
	if b.noWrk("reads among many sessions") {
		return nil
	}
	dir, err := b.largeFolder()
	if err != nil {
		return err
	}
	s, err := start(ctx, b.cardea, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	contenders, stop, err := b.againstBare(ctx, b.users, b.peers[:1], []*server{s})
	if err != nil {
		return err
	}
	defer stop()
	// The warm-up is long enough to fill the cache.
	samples, err := b.compete(ctx, "reads among many", readers, 5, contenders)
	if err != nil {
		return err
	}
	bareRates, ours := rates(samples[0]), rates(samples[1])
	what := fmt.Sprintf("`GET /api/user`, uniformly over %s sessions", count(b.users))
	b.report.ratio(what, perSecond(ours), "bare handler "+perSecond(bareRates), ratios(ours, bareRates), atLeast(0.25, "×"))
	b.report.budget(millionP99, "", "bare handler "+millis(p99(samples[0])), ms(p99(samples[1])), atMost(10, "ms"))
	return nil
}
