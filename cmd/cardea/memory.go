package main

import (
	"math"
	"runtime"
	"runtime/debug"
)

// ballastBytes is memory that is asked for and never touched, so that it takes
// address space only. The garbage collector lets the heap grow to twice of what is
// in use before it works; a small heap is soon there, and much of the time of a
// busy server would go into collecting. The ballast counts as in use: 16 MiB more
// garbage in every round, and a constant amount, where GOGC would multiply what
// pictures take. The figures are in docs/decisions/0015-cheap-requests.md.
const ballastBytes = 16 << 20

// holdBallast takes the ballast and returns what gives it back.
func holdBallast() (drop func()) {
	ballast := make([]byte, ballastBytes)
	return func() { runtime.KeepAlive(ballast) }
}

// Memory from which garbage is collected however little there is of it, in bytes. Before
// that, Go lets there be as much as is in use, which beside uploads is hundreds of
// megabytes; in files and pixels there are no pointers, so that collecting them costs little.
const (
	collectFrom       = 256 << 20
	collectPerSession = 2 << 10 // kept in memory: these are all pointers, and never garbage
)

// boundGarbage sets that limit, unless the operator has (GOMEMLIMIT).
func boundGarbage(sessions int) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(collectFrom + collectPerSession*int64(sessions))
	}
}
