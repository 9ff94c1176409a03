package main

// reasons say why budgets are missed, where they are; by what is measured. Each was
// found with a profile or by leaving something out, see ../docs/decisions.
var reasons = map[string]string{
	floodedLogins: "half the reads, with their generator, take one of two cores, and one core alone makes six tenths of the hashes of both; " +
		"more priority for hashing would take from the reads ([decision 11](../docs/decisions/0011-workers.md))",
	besidePocketBase:                    "here the bare handler itself has about 13 times the rate of PocketBase, so that 12 × would take nine tenths of bare; what stands between is in [decision 15](../docs/decisions/0015-cheap-requests.md)",
	millionP99:                          "nearly every request is a look-up in SQLite, 45 % of the time (net/http and its system calls 40 %, garbage 6 %), on cores that the generator shares: at a third of bare's rate, a request waits for others three times as long",
	firstRead + aMillion:                coldPages,
	"`GET /api/sessions`" + aMillion:    coldPages,
	"`DELETE /api/sessions`" + aMillion: coldPages,
}

const (
	floodedLogins    = "… and those logins"
	besidePocketBase = "the same"
	millionP99       = "… p99 of these"
	aMillion         = " with 1,000,000 people"
)

const coldPages = "the same look-ups, each a page or two longer, in pages that neither SQLite nor the processor has at hand: 20 to 40 µs"
