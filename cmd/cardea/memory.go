package main

import "runtime"

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
