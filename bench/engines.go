package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// hotReads is the name of the figure that compares reads on PostgreSQL with those on SQLite.
const hotReads = "`GET /api/user`, hot set, on PostgreSQL"

// compareEngines compares Cardea on PostgreSQL with Cardea on SQLite, the first peer, if
// PostgreSQL is there. The CPU time is less noisy than the rate.
func (b *bench) compareEngines(what string, samples [][]sample, peers []peer, least float64) {
	i := slices.IndexFunc(peers, func(p peer) bool { return p.Name() == onPostgres })
	if i < 0 {
		return
	}
	files, servers := samples[0], samples[i]
	b.report.ratio(what, perSecond(rates(servers)), "SQLite "+perSecond(rates(files)), ratios(rates(servers), rates(files)), atLeast(least, "×"))
	b.report.ratio("… CPU time of the server for each", micros(median(cpus(servers))), "SQLite "+micros(median(cpus(files))),
		ratios(cpus(servers), cpus(files)), atMost(math.Round(100/least)/100, "×"))
}

// enginesUsers is the number of users in the databases that measureEngines compares.
const enginesUsers = 20_000

// measureEngines measures how long each call takes on PostgreSQL and S3, and on SQLite and disk.
// There is one call at a time, so the times have no queues in them.
func (b *bench) measureEngines(ctx context.Context) error {
	i := slices.IndexFunc(b.peers, func(p peer) bool { return p.Name() == onPostgres })
	if i < 0 {
		return nil // choosePeers said why
	}
	var both [2]*server
	for j, p := range []peer{b.cardea, b.peers[i]} {
		s, err := b.seeded(ctx, p.(cardea).unthrottled(), enginesUsers) //nolint:forcetypeassert // both are
		if err != nil {
			return err
		}
		defer s.stop()
		both[j] = s
	}
	return b.callsInTurn(ctx, "engines", both, [2]int{enginesUsers, enginesUsers}, func(name string, files, servers time.Duration) {
		b.report.engines = append(b.report.engines, engineTimes{name, files, servers})
	})
}

// engineTimes are the times of a call.
type engineTimes struct {
	call           string
	files, servers time.Duration
}

func (r *report) writeEngines(out *bytes.Buffer) {
	if len(r.engines) == 0 {
		return
	}
	fmt.Fprintf(out, "\n## Calls on PostgreSQL and S3\n\nMedians of single calls, one after the other, with %s users.\n\n", count(enginesUsers))
	fmt.Fprintf(out, "| call | SQLite and disk | PostgreSQL and S3 | more |\n| --- | --- | --- | --- |\n")
	for _, t := range r.engines {
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", t.call, millis(t.files), millis(t.servers), millis(t.servers-t.files))
	}
}
