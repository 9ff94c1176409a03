package main

import (
	"math"
	"runtime"
	"runtime/debug"
)

// ballastBytes is memory that is allocated and never touched, so it takes address space
// only. The garbage collector starts when the heap is twice what is in use. With a small
// heap that is often, and costs a busy server much of its time. The ballast counts as in
// use. It adds a constant amount of garbage, while GOGC would multiply the memory of
// pictures. The figures are in docs/decisions/0015-cheap-requests.md.
const ballastBytes = 16 << 20

// holdBallast allocates the ballast. The function that it returns releases it.
func holdBallast() (release func()) {
	ballast := make([]byte, ballastBytes)
	return func() { runtime.KeepAlive(ballast) }
}

// Memory from which garbage is collected early, in bytes. Without a limit, Go lets garbage
// grow to the size of what is in use, which is hundreds of megabytes during uploads. Files
// and pixels hold no pointers, so collecting them is cheap.
const (
	collectFrom       = 256 << 20
	collectPerSession = 2 << 10 // a session in memory is all pointers, and no garbage
)

// limitGarbage sets the memory limit, unless the operator has set one (GOMEMLIMIT).
func limitGarbage(sessions int) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(collectFrom + collectPerSession*int64(sessions))
	}
}
