//go:build !linux

package workers

import "time"

// inBackground runs f. Only Linux has priorities of threads in the standard library.
func inBackground(f func()) { f() }

var start = time.Now()

// threadTime returns the time, which is at least the CPU time.
func threadTime() time.Duration { return time.Since(start) }
