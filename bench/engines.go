package main

import "slices"

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
	b.report.ratio("… CPU time of a request", micros(median(cpus(servers))), "SQLite "+micros(median(cpus(files))),
		ratios(cpus(servers), cpus(files)), atMost(1.05, "×"))
}
