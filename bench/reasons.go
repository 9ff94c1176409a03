package main

// reasons explains missed budgets, by the name of the figure. Each reason was found with a
// profile or an experiment, see ../docs/decisions.
var reasons = map[string]string{
	floodedLogins: "half the reads and their generator use one of two cores, and one core alone computes 0.6 of the hashes of both; " +
		"a higher priority for hashing would slow the reads ([decision 11](../docs/decisions/0011-workers.md))",
	againstPocketBase:                   "the bare handler has about 13 times the rate of PocketBase here, so 12 × would need 0.9 of bare; [decision 15](../docs/decisions/0015-cheap-requests.md) explains the difference",
	millionP99:                          "nearly every request is a look-up in SQLite: 45 % of the time (net/http and its system calls 40 %, garbage collection 6 %). The generator shares the cores; at a third of bare's rate, a request waits three times as long for others",
	firstRead + aMillion:                coldPages,
	"`GET /api/sessions`" + aMillion:    coldPages,
	"`DELETE /api/sessions`" + aMillion: coldPages,
}

const (
	floodedLogins     = "… and those logins"
	againstPocketBase = "the same"
	millionP99        = "… p99 of these"
	aMillion          = " with 1,000,000 users"
)

const coldPages = "the same look-ups read one or two more pages, which are in no cache of SQLite or the processor: 20 to 40 µs"
